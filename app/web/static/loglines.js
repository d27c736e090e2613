// The last lines of a job's log.

import { el, show, write } from "./dom.js";
import { clock } from "./words.js";

/** `{element, update(job)}`; the reader at its end stays there. */
export function logView() {
  const list = el("ol.log", { tabindex: "0", "aria-label": "Log lines" });
  const count = el("span.count");
  const element = el("section.card", { "aria-label": "Log", hidden: true }, el("div.card-line", {}, el("h2", {}, "Log"), count), list);
  let last = [];
  return {
    element,
    update({ log }) {
      if (log === last) return;
      const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
      const kept = log.indexOf(last.at(-1)) + 1;
      if (kept === 0) list.replaceChildren();
      list.append(...log.slice(kept).map(logRow));
      while (list.childElementCount > log.length) list.firstElementChild.remove();
      last = log;
      show(element, log.length);
      write(count, log.length >= 100 ? "the last 100 lines" : "");
      if (atEnd) list.scrollTop = list.scrollHeight;
    },
  };
}

function logRow({ time, level, message, fields }) {
  const pairs = Object.entries(fields ?? {}).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return el("li", { "data-level": level },
    el("time", { datetime: time }, clock(time)), el("span.level", {}, level), el("span.line", {}, message, pairs.length > 0 && el("span.muted", {}, ` ${pairs.join(" ")}`)));
}
