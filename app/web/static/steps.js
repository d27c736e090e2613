// The steps of a job as a list: which are done, which runs, how far, and what each says.

import { el, keyed, set, show, write } from "./dom.js";
import { TERMINAL } from "./fold.js";
import { draw } from "./icons.js";
import { duration, number, percent, secondsBetween, STATES, title } from "./words.js";

/** More steps than this are taller than most windows: they do not stay in sight while the rest is scrolled. */
const MANY = 12;

/** `{element, update(job), tick(job, now)}`; steps stand below their parent. */
export function stepsView() {
  const count = el("span.count");
  const list = el("ol.steps-list");
  const element = el("section.card.steps", { "aria-labelledby": "steps-title", hidden: true },
    el("h2", { id: "steps-title" }, "Steps", count), list);
  const nodes = new Map();
  let [last, wasOver] = [null, false];

  function update(job) {
    const over = TERMINAL.has(job.state);
    if (job.steps === last && over === wasOver) return;
    [last, wasOver] = [job.steps, over];
    show(element, job.steps.length);
    set(element, "data-many", job.steps.length > MANY);
    const done = job.steps.filter((step) => ["succeeded", "skipped", "reused"].includes(step.state)).length;
    write(count, `${done} of ${job.steps.length}`);
    const shown = ordered(over ? job.steps.map(stopped) : job.steps);
    keyed(list, nodes, shown, ({ step }) => step.name, entry, fill);
  }

  function tick(job, now) {
    for (const step of job.steps) {
      const node = nodes.get(step.name);
      if (!node || !(step.started_at || step.seconds)) continue;
      const end = step.finished_at ?? (job.finished_at || new Date(now).toISOString());
      const seconds = step.seconds ?? secondsBetween(step.started_at, end);
      write(node.parts.time, step.finished_at ? took(seconds) : seconds < 1 ? "" : duration(Math.floor(seconds)));
    }
  }

  return { element, update, tick };
}

const took = (seconds) => (seconds < 0.1 ? "< 0.1 s" : duration(seconds));

/** What ran when the job ended runs no more; what a cancel has ended did not fail. */
const stopped = (step) => (step.state === "running" || step.error?.code === "cancelled" ? { ...step, state: "stopped" } : step);

/** Depth first, in the order of their arrival; a step whose parent is unknown, or is itself, stands on top. */
function ordered(steps) {
  const names = new Set(steps.map((step) => step.name));
  const under = Map.groupBy(steps, (step) => (names.has(step.parent) && step.parent !== step.name ? step.parent : null));
  const shown = [];
  const walk = (parent, depth) => {
    for (const step of under.get(parent) ?? []) {
      shown.push({ step, depth });
      if (depth < 5) walk(step.name, depth + 1);
    }
  };
  walk(null, 0);
  return shown;
}

function entry() {
  const parts = {
    mark: el("span.mark"), name: el("span.name"), state: el("span.unseen"), time: el("span.time"),
    fill: el("i"), said: el("p.said"), child: el("a.child", { "data-route": true }, "Its own page"),
  };
  parts.bar = el("div.bar.thin", { role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, parts.fill);
  const node = el("li", {}, parts.mark, el("div.step", {},
    el("div.step-line", {}, parts.name, parts.state, parts.time), parts.bar, parts.said, parts.child));
  node.parts = parts;
  return node;
}

function fill(node, { step, depth }) {
  if (node.step === step && node.depth === depth) return;
  Object.assign(node, { step, depth });
  const { mark, name, state, bar, said, child } = node.parts;
  const label = step.title && step.title !== step.name ? step.title : title(step.name);
  set(node, "data-state", step.state);
  set(node, "data-depth", depth || null);
  set(node, "aria-current", step.state === "running" ? "step" : null);
  draw(mark, step.state);
  write(name, label);
  set(name, "title", label.length > 60 && label);
  write(state, `, ${STATES[step.state] ?? step.state}`);
  const known = step.state === "running" && (step.fraction > 0 || step.total);
  show(bar, known);
  set(bar, "aria-label", label);
  set(bar, "aria-valuenow", Math.floor(step.fraction * 100));
  node.parts.fill.style.setProperty("--fraction", step.fraction);
  write(said, saying(step));
  show(said, said.textContent);
  show(child, step.child);
  set(child, "href", step.child && `/jobs/${encodeURIComponent(step.child)}`);
  set(child, "aria-label", step.child && `${label}: its own page`);
}

function saying(step) {
  if (step.state === "failed") return step.error?.message ?? "";
  if (step.state === "succeeded") return step.summary ?? "";
  if (step.state === "skipped") return step.message ?? "";
  if (!["running", "stopped"].includes(step.state)) return "";
  return [amount(step), step.message].filter(Boolean).join(" · ");
}

function amount({ done, total, unit, fraction }) {
  if (done === null || done === undefined) return fraction > 0 ? percent(fraction) : "";
  return `${number(done)}${total ? ` of ${number(total)}` : ""}${unit ? ` ${unit}` : ""}`;
}
