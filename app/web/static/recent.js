// The list of recent jobs beside the opened one.

import { call } from "./api.js";
import { el, keyed, set, show, write } from "./dom.js";
import { draw } from "./icons.js";
import { percent, STATES, title, when } from "./words.js";

const PAGE = 12;
const PAUSE_MS = 1500;

/** Fills `element`; `{refresh(), mark(job), forget(id), current(id), types(list)}`. */
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
  let asked = 0;

  async function load(cursor) {
    const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const page = await call("GET", `/v1/jobs?limit=${PAGE}${more}`).catch(() => null);
    if (!page) return;
    const found = page.jobs;
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

  function redraw() {
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
    set(link, "data-state", job.state);
    draw(mark, job.state);
    write(name, titles.get(job.type) ?? title(job.type));
    write(time, when(job.created_at));
    set(time, "datetime", job.created_at);
    const fraction = job.progress?.fraction;
    write(state, job.state === "running" && fraction > 0 ? `Running, ${percent(fraction)}` : STATES[job.state] ?? job.state);
  }

  return {
    refresh,
    /** What the opened job's own stream says, without asking. */
    mark(job) {
      const at = jobs.findIndex((each) => each.id === job.id);
      if (at >= 0) jobs[at] = job;
      else if (jobs.length && job.created_at > jobs[0].created_at) jobs.unshift(job);
      else if (!jobs.length) jobs = [job];
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
