// What happens to all jobs, as it happens: one stream for all tabs of the page, held by one of those that are looked at.

import { call } from "./api.js";
import { follow } from "./stream.js";

const NAME = "tailrace.jobs";
const PATH = "/v1/events?types=job.*&min_interval=500";

/**
 * `onEvent(envelope)` gets what the stream tells, whichever tab holds it.
 * HTTP/1.1 has six connections for all tabs of a site: a hidden tab gives its own back, the next one takes the lock.
 */
export function followJobs(onEvent) {
  const tabs = new BroadcastChannel(NAME);
  let turn = null;

  tabs.onmessage = ({ data }) => onEvent(data);

  function tell(envelope) {
    onEvent(envelope);
    tabs.postMessage(envelope);
  }

  /** Holds the stream until the tab is hidden. */
  function hold({ signal }) {
    if (signal.aborted) return null;
    const stream = follow(PATH, { onEvent: tell, onLink() {}, settled });
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(stream.close())));
  }

  /** Whether the service still lets this page in. */
  async function settled() {
    await call("GET", "/v1/jobs?limit=1");
    return null;
  }

  function look() {
    if (document.hidden) turn?.abort();
    if (document.hidden || (turn && !turn.signal.aborted)) return;
    turn = new AbortController();
    const { signal } = turn;
    // Locks are there over TLS and from localhost; elsewhere each tab that is looked at has a stream of its own.
    if (navigator.locks) navigator.locks.request(NAME, { signal }, () => hold({ signal })).catch(() => {});
    else hold({ signal });
  }

  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", () => turn?.abort());
  addEventListener("pageshow", (event) => event.persisted && look());
  look();
}
