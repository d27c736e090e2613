document.querySelector("#start").onclick = async () => {
  const body = JSON.stringify({ type: "ticks", params: { n: 10, seconds: 0.5 } });
  const headers = { "Content-Type": "application/json" };
  const job = await (await fetch("/v1/jobs", { method: "POST", headers, body })).json();
  const source = new EventSource(`${job.links.self}/events?names=0`);
  source.onmessage = ({ data }) => {
    document.querySelector("#heard").append(`${data}\n`);
    if (JSON.parse(data).type === "stream.end") source.close();
  };
};
