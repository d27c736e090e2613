// The list of recent jobs beside the opened one.

import { call } from "./api.js";
import { el, keyed, set, show, write } from "./dom.js";
import { TERMINAL } from "./fold.js";
import { waitsForChild } from "./head.js";
import { draw } from "./icons.js";
import { percent, STATES, title, when } from "./words.js";

const PAGE = 12;
const PAUSE_MS = 1500;
/** What comes within this time is drawn at once. */
const DRAW_MS = 100;

/** The state of a job after an event of the type; the others change nothing that a list shows. */
const AFTER = {
  "job.scheduled": "scheduled",
  "job.queued": "queued",
  "job.started": "running",
  "job.released": "queued",
  "job.retrying": "scheduled",
  "job.cancelling": "cancelling",
  "job.succeeded": "succeeded",
  "job.failed": "failed",
  "job.cancelled": "cancelled",
  "job.expired": "expired",
};

/** Fills `element`; `{refresh(), take(envelope), mark(job), forget(id), current(id), types(list)}`. */
export function recentJobs(element) {
  const list = el("ol.jobs");
  const note = el("p.muted", {}, "Nothing has run yet.");
  const older = el("button.plain", { type: "button", hidden: true, onclick: () => load(next) }, "Older");
  element.append(el("h2", { id: "recent-title" }, "Recent jobs"), list, note, older);
  show(element, true);
  const nodes = new Map();
  const titles = new Map();
  let jobs = [];
  let next = null;
  let opened = null;
  let paged = PAGE;
  let asked = 0;
  let due = 0;

  async function load(cursor) {
    const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const page = await call("GET", `/v1/jobs?limit=${PAGE}${more}`).catch(() => null);
    if (!page) return;
    // What the stream has said meanwhile is newer than the answer: an end stays one.
    const found = page.jobs.map((job) => jobs.find((each) => each.id === job.id && TERMINAL.has(each.state)) ?? job);
    if (cursor) paged += found.length;
    const fresh = new Set(found.map((job) => job.id));
    // A refresh renews the newest page and keeps what was paged to before.
    const kept = jobs.filter((job) => !fresh.has(job.id));
    const joined = cursor || jobs.length > PAGE;
    jobs = joined ? [...found, ...kept].sort((a, b) => (a.created_at < b.created_at ? 1 : -1)) : found;
    if (cursor || !joined) ({ next } = page);
    redraw();
  }

  /** Asks again, at most once in a second and a half. */
  async function refresh() {
    if (Date.now() - asked < PAUSE_MS) return;
    asked = Date.now();
    await load(null);
  }

  /** What the stream of all jobs says: a job as it is, one more, or what became of one that is listed. */
  function take({ type, job: id, data, time }) {
    // A stream tells of what comes behind its beginning: what came before, also while no tab had one, is asked for.
    if (type === "stream.caught_up" || type === "stream.gap") load(null);
    else if (type === "stream.snapshot") put(data.job);
    else if (id) put(after(id, type, data, time));
    due ||= setTimeout(redraw, DRAW_MS);
  }

  function after(id, type, data, time) {
    const known = jobs.find((job) => job.id === id);
    if (!known) return data.request ? { id, type: data.request.type, created_at: time, state: AFTER[type], progress: { fraction: 0 } } : null;
    if (TERMINAL.has(known.state)) return known;
    const fraction = type === "job.started" ? 0 : data.fraction;
    const changed = AFTER[type] ? { state: AFTER[type], waits_for: data.child ?? null } : {};
    return { ...known, ...changed, progress: fraction === undefined ? known.progress : { ...known.progress, fraction } };
  }

  /** In its place if it is listed, in front if it is newer than all that are. */
  function put(job) {
    const at = job ? jobs.findIndex((each) => each.id === job.id) : -1;
    if (at >= 0) jobs[at] = job;
    else if (job && (!jobs.length || job.created_at > jobs[0].created_at)) jobs.unshift(job);
    if (jobs.length > paged) {
      jobs.length = paged;
      next = jobs.at(-1).id;
    }
  }

  function redraw() {
    clearTimeout(due);
    due = 0;
    show(note, jobs.length === 0);
    show(older, next);
    keyed(list, nodes, jobs, (job) => job.id, row, fill);
  }

  function row() {
    const parts = { mark: el("span.mark"), name: el("span.name"), time: el("time"), state: el("span.state"), link: el("a", { "data-route": true }) };
    parts.link.append(parts.mark, parts.name, parts.time, parts.state);
    const node = el("li", {}, parts.link);
    node.parts = parts;
    return node;
  }

  function fill(node, job) {
    const { mark, name, time, state, link } = node.parts;
    set(link, "href", `/jobs/${encodeURIComponent(job.id)}`);
    set(link, "aria-current", job.id === opened ? "page" : null);
    const waits = waitsForChild(job);
    set(link, "data-state", waits ? "running" : job.state);
    draw(mark, waits ? "running" : job.state);
    write(name, titles.get(job.type) ?? title(job.type));
    write(time, when(job.created_at));
    set(time, "datetime", job.created_at);
    const fraction = job.progress?.fraction;
    const word = waits ? "Waiting" : STATES[job.state] ?? job.state;
    write(state, (waits || job.state === "running") && fraction > 0 ? `${word}, ${percent(fraction)}` : word);
  }

  return {
    refresh,
    take,
    /** What the opened job's own stream says, without asking. */
    mark(job) {
      put(job);
      redraw();
    },
    forget(id) {
      jobs = jobs.filter((job) => job.id !== id);
      redraw();
    },
    current(id) {
      opened = id;
      redraw();
    },
    types(found) {
      for (const type of found) titles.set(type.name, type.title ?? title(type.name));
      redraw();
    },
  };
}
