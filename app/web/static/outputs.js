// The texts that a job writes, as they grow: what it thinks is folded up once it answers.

import { el, keyed, set, show, write } from "./dom.js";
import { TERMINAL } from "./fold.js";
import { number, title } from "./words.js";

/** Outputs that lead to another one and are read by those who want to know how. */
const THOUGHTS = new Set(["thinking", "reasoning", "thoughts"]);

/** `{element, update(job)}`: a card for each output. */
export function outputsView() {
  const element = el("div.outputs", { hidden: true });
  const nodes = new Map();
  let [last, wasOver] = [null, null];
  return {
    element,
    update(job) {
      const over = TERMINAL.has(job.state);
      if (job.outputs === last && over === wasOver) return;
      [last, wasOver] = [job.outputs, over];
      const outputs = Object.entries(job.outputs);
      const answered = outputs.some(([name, { length }]) => length > 0 && !THOUGHTS.has(name));
      show(element, outputs.length);
      keyed(element, nodes, outputs, ([name]) => name, ([name]) => card(name, THOUGHTS.has(name)),
        (node, [, output]) => fill(node, output, { answered, writing: !over && !output.done }));
    },
  };
}

function card(name, thought) {
  const text = document.createTextNode("");
  const box = el("div.text", { role: "group", "aria-label": `${title(name)}, as written`, "aria-live": "off" }, text);
  const parts = { text, box, count: el("span.count"), cut: el("p.muted.cut", { hidden: true }) };
  parts.whole = el("button.plain", { type: "button", hidden: true, "aria-expanded": "false", onclick: () => unfold(node) }, "Show all");
  const copy = el("button.plain", { type: "button", onclick: () => navigator.clipboard?.writeText(text.data) }, "Copy");
  const heading = [el("h2", {}, title(name)), parts.count];
  const body = [parts.cut, box, parts.whole];
  if (thought) parts.details = el("details", { open: true }, el("summary.card-line", {}, heading), body);
  const node = el("section.card", { "aria-label": title(name), "data-thought": thought },
    thought ? parts.details : [el("div.card-line", {}, heading, copy), body]);
  show(copy, navigator.clipboard);
  node.parts = parts;
  return node;
}

/** A text longer than its box grows no taller: what stands below stays where it is. */
function unfold(node) {
  const { whole } = node.parts;
  const open = node.toggleAttribute("data-whole");
  set(whole, "aria-expanded", String(open));
  write(whole, open ? "Show less" : "Show all");
}

/** The reader who has scrolled up to read is left there; who is at the end stays at the end. */
function fill(node, output, { answered, writing }) {
  const { text, box, count, cut, details, whole } = node.parts;
  const atEnd = writing && box.scrollHeight - box.scrollTop - box.clientHeight < 24;
  set(node, "data-writing", writing);
  // A text that begins again keeps its place until it is as long as it was.
  if (output.text.length < text.length && writing) box.style.setProperty("min-height", `${box.offsetHeight}px`);
  if (!writing) box.style.removeProperty("min-height");
  if (output.text.length > text.length && output.text.startsWith(text.data)) text.appendData(output.text.slice(text.length));
  else if (output.text !== text.data) text.data = output.text;
  if (atEnd) box.scrollTop = box.scrollHeight;
  const over = node.hasAttribute("data-whole") || box.scrollHeight > box.clientHeight + 1;
  show(whole, over);
  set(box, "tabindex", over ? 0 : null);
  write(count, output.length ? `${number(output.length)} characters` : "");
  show(cut, output.truncated);
  write(cut, output.truncated ? "The beginning is no longer kept here." : "");
  if (details && answered && !node.folded) Object.assign(node, { folded: true }).parts.details.open = false;
}
