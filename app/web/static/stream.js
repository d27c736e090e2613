// One job's events as they come: opens, resumes after its last id, backs off, stops at the end.

import { call, jobPath } from "./api.js";

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 20_000;
/** A tab hidden for so long gives its connection back: HTTP/1.1 has six of them for all tabs of a site. */
const HIDDEN_MS = 10_000;
const POLL_MS = 5_000;

/**
 * Follows job `id` until it ends or `close()` is called.
 * `onEvent(envelope)` gets every event once and in order, `onLink({state, at, problem})` how the connection is:
 * connecting | open | waiting (`at`: ms since 1970 of the next try) | polling | ended | lost (`problem`: why for good).
 * An EventSource gives up for ever at any answer but 200, and hides when it will try again: so each one here lives
 * for one connection, and the next begins after the last id that this one saw.
 */
export function follow(id, { onEvent, onLink }) {
  let source = null;
  let timer = 0;
  let hiding = 0;
  let lastId = null;
  let failures = 0;
  let toldDelay = null;
  let polling = false;
  let over = false;

  function open() {
    clearTimeout(timer);
    polling = false;
    onLink({ state: "connecting" });
    const after = lastId ? `&after=${encodeURIComponent(lastId)}` : "";
    source = new EventSource(`${jobPath(id)}/events?names=0${after}`);
    source.onopen = () => onLink({ state: "open" });
    source.onmessage = take;
    source.onerror = () => lose(source.readyState === EventSource.CLOSED);
  }

  function take(event) {
    const envelope = JSON.parse(event.data);
    if (event.lastEventId) lastId = event.lastEventId;
    failures = 0;
    toldDelay = envelope.data?.retry_ms ?? null;
    onEvent(envelope);
    if (envelope.type === "stream.end") finish();
  }

  async function lose(refused) {
    source.close();
    if (refused && (await settled())) return;
    if (over || polling) return;
    const backOff = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures) * (0.5 + Math.random() / 2);
    const delay = toldDelay ?? backOff;
    failures += 1;
    toldDelay = null;
    onLink({ state: "waiting", at: Date.now() + delay });
    timer = setTimeout(open, delay);
  }

  /** After an answer other than 200, which EventSource does not show: what is the job? True where nothing is left to follow. */
  async function settled() {
    try {
      const job = await call("GET", jobPath(id));
      if (over || !job.finished_at) return over;
      onEvent({ type: "stream.snapshot", data: { job } });
      finish();
      return true;
    } catch (problem) {
      const forGood = [401, 403, 404, 410].includes(problem.code);
      if (forGood && !over) finish({ state: "lost", problem });
      return forGood || over;
    }
  }

  /** Plain questions instead of a connection, while nobody looks. */
  async function poll() {
    polling = true;
    clearTimeout(timer);
    source.close();
    onLink({ state: "polling" });
    const page = await call("GET", `${jobPath(id)}/events?after=${encodeURIComponent(lastId)}&limit=1000`).catch(() => null);
    if (over || !polling) return;
    page?.events.forEach(onEvent);
    lastId = page?.cursor ?? lastId;
    if (page?.end) finish();
    else timer = setTimeout(poll, POLL_MS);
  }

  function look() {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(() => lastId && poll(), HIDDEN_MS);
    else if (polling) open();
  }

  function finish(link = { state: "ended" }) {
    close();
    onLink(link);
  }

  function close() {
    over = true;
    clearTimeout(timer);
    clearTimeout(hiding);
    document.removeEventListener("visibilitychange", look);
    source.close();
  }

  /** Ends a pause at once: the network is back, or the reader asked. */
  function hurry() {
    if (over || polling || source.readyState !== EventSource.CLOSED) return;
    failures = 0;
    open();
  }

  document.addEventListener("visibilitychange", look);
  open();
  return { close, hurry };
}
