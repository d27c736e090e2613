// The texts that a job writes, as they grow.

import { el, keyed, set, show, write } from "./dom.js";
import { number, title } from "./words.js";

/** Characters beyond which a text scrolls in a box of its own; a shorter one just grows. */
const LONG = 5000;

/** `{element, update(job)}`: a card for each output. */
export function outputsView() {
  const element = el("div.outputs", { hidden: true });
  const nodes = new Map();
  let last = null;
  return {
    element,
    update(job) {
      if (job.outputs === last) return;
      last = job.outputs;
      const outputs = Object.entries(job.outputs);
      show(element, outputs.length);
      keyed(element, nodes, outputs, ([name]) => name, card, fill);
    },
  };
}

function card([name]) {
  const text = document.createTextNode("");
  const box = el("div.text", { role: "group", "aria-label": `${title(name)}, as written`, "aria-live": "off" }, text);
  const parts = { text, box, count: el("span.count"), cut: el("p.muted.cut", { hidden: true }) };
  const copy = el("button.plain", { type: "button", onclick: () => navigator.clipboard?.writeText(text.data) }, "Copy");
  const node = el("section.card", { "aria-label": title(name) },
    el("div.card-line", {}, el("h2", {}, title(name)), parts.count, copy), parts.cut, box);
  node.parts = parts;
  return node;
}

/** The reader who has scrolled up to read is left there; who is at the end stays at the end. */
function fill(node, [, output]) {
  const { text, box, count, cut } = node.parts;
  const atEnd = !output.done && box.scrollHeight - box.scrollTop - box.clientHeight < 24;
  if (output.text.length > text.length && output.text.startsWith(text.data)) text.appendData(output.text.slice(text.length));
  else if (output.text !== text.data) text.data = output.text;
  if (atEnd) box.scrollTop = box.scrollHeight;
  set(node, "data-long", output.text.length > LONG);
  set(box, "tabindex", output.text.length > LONG ? 0 : null);
  write(count, output.length ? `${number(output.length)} characters` : "");
  show(cut, output.truncated);
  write(cut, output.truncated ? "The beginning is no longer kept here." : "");
}
