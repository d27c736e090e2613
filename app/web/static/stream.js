// Events as they come: opens, resumes after its last id, backs off, polls where it is sent away, stops at the end.

import { call } from "./api.js";

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 20_000;
/** A tab hidden for so long gives its connection back: HTTP/1.1 has six of them for all tabs of a site. */
const HIDDEN_MS = 10_000;
const POLL_MS = 5_000;
/** Seconds that one long-poll waits, and after which a stream is tried again where one was refused. */
const WAIT_SECONDS = 20;
const AWAY_MS = 30_000;

/**
 * Follows what `path` tells of until it ends or `close()` is called.
 * `onEvent(envelope)` gets every event once and in order, `onLink({state, at, problem})` how the connection is:
 * connecting | open | waiting (`at`: ms since 1970 of the next try) | polling | ended | lost (`problem`: why for good).
 * `settled()` looks at what is followed once a stream was refused: a job that has ended, null, or a Problem thrown.
 * An EventSource gives up for ever at any answer but 200, and hides when it will try again: so each one here lives
 * for one connection, and the next begins after the last id that this one saw.
 */
export function follow(path, { onEvent, onLink, settled }) {
  let source = null;
  let timer = 0;
  let hiding = 0;
  let lastId = null;
  let failures = 0;
  let toldDelay = null;
  let polling = false;
  let streamAt = 0;
  let over = false;

  const address = (query) => `${path}${path.includes("?") ? "&" : "?"}${query}${lastId ? `&after=${encodeURIComponent(lastId)}` : ""}`;

  function open() {
    clearTimeout(timer);
    polling = false;
    onLink({ state: "connecting" });
    source = new EventSource(address("names=0"));
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
    else if (envelope.type === "stream.overloaded" && envelope.data.alternative === "long-poll") leave();
  }

  /** The service has no stream to spare: asks and waits instead, and comes back to a stream after a while. */
  function leave() {
    streamAt = Date.now() + AWAY_MS * (0.5 + Math.random());
    poll(WAIT_SECONDS);
  }

  async function lose(refused) {
    source.close();
    if (refused && (await isOver())) return;
    if (over || polling) return;
    const backOff = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures) * (0.5 + Math.random() / 2);
    const delay = toldDelay ?? backOff;
    failures += 1;
    toldDelay = null;
    onLink({ state: "waiting", at: Date.now() + delay });
    timer = setTimeout(open, delay);
  }

  /** After an answer other than 200, which EventSource does not show. True where nothing is left to follow. */
  async function isOver() {
    try {
      const job = await settled();
      if (over || !job) return over;
      onEvent({ type: "stream.snapshot", data: { job } });
      finish();
      return true;
    } catch (problem) {
      const forGood = [401, 403, 404, 410].includes(problem.code);
      if (forGood && !over) finish({ state: "lost", problem });
      return forGood || over;
    }
  }

  /** Plain questions instead of a connection: now and then while nobody looks, one that waits after the other else. */
  async function poll(wait = 0) {
    polling = true;
    clearTimeout(timer);
    source.close();
    onLink({ state: "polling" });
    const page = await call("GET", address(`limit=1000&wait=${wait}`)).catch(() => null);
    if (over || !polling) return;
    page?.events.forEach(onEvent);
    lastId = page?.cursor ?? lastId;
    if (page?.end) finish();
    else if (page && !document.hidden && streamAt > Date.now()) poll(WAIT_SECONDS);
    else if (page && !document.hidden) again();
    else timer = setTimeout(poll, POLL_MS);
  }

  function again() {
    streamAt = 0;
    timer = setTimeout(open, FIRST_DELAY_MS);
  }

  function look() {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(() => lastId && poll(), HIDDEN_MS);
    else if (polling && !streamAt) open();
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
