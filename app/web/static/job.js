// One opened job: its snapshot, then its events as they come, drawn together.

import { call, jobPath } from "./api.js";
import { alertsView } from "./alerts.js";
import { artifactsView } from "./artifacts.js";
import { jobTypes } from "./compose.js";
import { confirmed } from "./confirm.js";
import { el } from "./dom.js";
import { apply, TERMINAL } from "./fold.js";
import { headView, waitsForChild } from "./head.js";
import { itemsView } from "./items.js";
import { logView } from "./loglines.js";
import { metricsView } from "./metrics.js";
import { narrator } from "./narrator.js";
import { noticesView } from "./notices.js";
import { askedView, errorView, resultView } from "./outcome.js";
import { outputsView } from "./outputs.js";
import { say } from "./say.js";
import { stepsView } from "./steps.js";
import { follow } from "./stream.js";
import { percent, STATES, title } from "./words.js";

/** What comes within this time is drawn at once. Not by animation frames: a hidden tab has none, but has a title. */
const DRAW_MS = 40;

/** The view of job `id`. `on` is `{job(job, title), opened(job), ended(job), again(job), deleted(id)}`: what the rest of the page is told. */
export function jobView(id, on) {
  let job = null;
  let kind = null;
  let link = { state: "connecting" };
  let etaAt = null;
  let skew = null;
  let live = false;
  let due = 0;
  let stream = null;
  let closed = false;

  const head = headView({ cancel, retry, remove, hurry: () => stream?.hurry() });
  const notices = noticesView();
  const steps = stepsView();
  const [artifacts, narrate] = [artifactsView(), narrator()];
  const parts = [errorView(), alertsView(), outputsView(), metricsView(), artifacts, resultView(), itemsView(), logView(), askedView()];
  const content = el("div.content", {}, parts.map((part) => part.element));
  const body = el("div.body", {}, steps.element, content);
  const element = el("article.job", { "aria-labelledby": "job-title", "data-empty": true }, head.element, notices.element, body);
  const view = { element, focus: head.focus, close, title: "Job", hurry: () => stream?.hurry(), open };

  function open() {
    stream = follow(`${jobPath(id)}/events`, { onEvent: take, onLink: linked, settled });
  }

  async function settled() {
    const found = await call("GET", jobPath(id));
    return found.finished_at ? found : null;
  }

  function take(envelope) {
    measure(envelope);
    const before = job;
    job = apply(job, envelope);
    if (job?.progress !== before?.progress) etaAt = job.progress.eta_seconds == null ? null : Date.now() + job.progress.eta_seconds * 1000;
    notices.take(envelope);
    narrate(before, job, envelope);
    if (!before && job) arrived();
    if (job && before && !TERMINAL.has(before.state) && TERMINAL.has(job.state)) on.ended(job);
    due ||= setTimeout(draw, DRAW_MS);
  }

  /** How far this clock is ahead of the service's: the least that a live event took to get here. */
  function measure({ type, time }) {
    if (type === "stream.open") live = false;
    else if (type === "stream.caught_up") live = true;
    else if (live && time) skew = Math.min(skew ?? Infinity, Date.now() - Date.parse(time));
  }

  async function arrived() {
    element.removeAttribute("data-empty");
    draw();
    on.opened(job);
    const types = await jobTypes({ again: false }).catch(() => []);
    kind = types.find((type) => type.name === job.type) ?? null;
    due ||= setTimeout(draw, DRAW_MS);
  }

  function linked(next) {
    const was = link.state;
    link = next;
    if (next.state === "waiting" && was !== "waiting") say("The connection is lost. It will be tried again.");
    if (next.state === "lost") {
      notices.lost(next.problem);
      element.toggleAttribute("data-lost", !job);
    }
    if (next.state === "ended") draw();
    head.link(link, Date.now());
  }

  function draw() {
    clearTimeout(due);
    due = 0;
    if (!job || closed) return;
    head.update(job, kind);
    for (const part of parts) part.update(job);
    steps.update(job);
    body.toggleAttribute("data-steps", job.steps.length > 0);
    const name = kind?.title ?? title(job.type);
    view.title = job.state === "running" || waitsForChild(job) ? `${percent(job.progress.fraction)} ${name}` : `${STATES[job.state] ?? job.state}: ${name}`;
    on.job(job, view.title);
    tick();
  }

  /** What changes by the clock alone. */
  function tick() {
    head.link(link, Date.now());
    if (!job) return;
    const now = Date.now() - (skew ?? 0);
    head.tick(job, now, etaAt && etaAt - (skew ?? 0));
    steps.tick(job, now);
  }
  const ticking = setInterval(tick, 1000);

  function close() {
    closed = true;
    stream?.close();
    clearInterval(ticking);
    clearTimeout(due);
  }

  async function attempt(work) {
    try {
      notices.fault(null);
      await work();
    } catch (problem) {
      notices.fault(problem.message);
    }
  }

  function cancel() {
    if (job && !TERMINAL.has(job.state) && job.state !== "cancelling") attempt(() => call("POST", `${jobPath(id)}/cancel`, { body: {} }));
  }

  function retry() {
    attempt(async () => on.again(await call("POST", `${jobPath(id)}/retry`)));
  }

  async function remove() {
    const sure = await confirmed("Delete this job?", "Its log, its result and its files go with it, for good.", "Delete");
    if (sure) attempt(async () => { await call("DELETE", jobPath(id)); on.deleted(id); });
  }

  return view;
}
