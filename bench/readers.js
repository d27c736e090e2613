/** The five transports as a page reads them: each to the job's end, and through lost connections. As readers.py. */

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export async function polling(url, after, tell) {
  for (let end = false; !end; await pause(1000)) {
    try {
      const answer = await fetch(`${url}?after=${after}&limit=1000`, { headers: { Accept: "application/json" } });
      const page = await answer.json();
      page.events.forEach(tell);
      ({ cursor: after, end } = page);
    } catch {}
  }
}

export async function longPoll(url, after, tell) {
  for (let end = false; !end; ) {
    try {
      const query = `after=${after}&limit=1000&wait=30`;
      const answer = await fetch(`${url}?${query}`, { headers: { Accept: "application/json" } });
      const page = await answer.json();
      page.events.forEach(tell);
      ({ cursor: after, end } = page);
    } catch {
      await pause(1000);
    }
  }
}

export function sse(url, after, tell) {
  const source = new EventSource(`${url}?after=${after}&names=0`);
  source.onmessage = ({ data }) => tell(JSON.parse(data));
}

export async function ndjson(url, after, tell) {
  for (let end = false; !end; await pause(1000)) {
    try {
      const answer = await fetch(`${url}?after=${after}`, { headers: { Accept: "application/x-ndjson" } });
      end = answer.status === 204;
      let rest = "";
      for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split("\n");
        rest = lines.pop();
        for (const line of lines.filter(Boolean)) {
          const envelope = JSON.parse(line);
          tell(envelope);
          after = envelope.id ?? after;
          end = envelope.type === "stream.end";
        }
      }
    } catch {}
  }
}

export function websocket(url, after, tell) {
  const socket = new WebSocket(`${url.replace("http", "ws")}?after=${after}`);
  let end = false;
  socket.onmessage = ({ data }) => {
    const envelope = JSON.parse(data);
    tell(envelope);
    after = envelope.id ?? after;
    end = envelope.type === "stream.end";
  };
  socket.onclose = () => end || setTimeout(websocket, 1000, url, after, tell);
}
