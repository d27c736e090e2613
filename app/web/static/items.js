// The items of a batch: how many ended how, those that failed with their reasons, the last of the others.

import { el, keyed, set, show, write } from "./dom.js";
import { draw } from "./icons.js";
import { number, rounded, title } from "./words.js";

const [MOST_FAILED, MOST_OTHER] = [100, 30];
/** Characters of a field's text; of one without a space, such as a checksum, fewer tell it apart. */
const [LONGEST, LONGEST_WORD] = [100, 24];

/** `{element, update(job)}`. */
export function itemsView() {
  const parts = el("div.parts", { "aria-hidden": "true" });
  const counts = el("ul.counts");
  const count = el("span.count");
  const [failed, other] = [part("Failed"), part("Latest")];
  const element = el("section.card", { "aria-label": "Items", hidden: true },
    el("div.card-line", {}, el("h2", {}, "Items"), count), parts, counts, failed.element, other.element);
  const [shares, chips] = [new Map(), new Map()];
  let last = null;
  return {
    element,
    update({ items }) {
      if (items === last) return;
      last = items;
      const states = Object.entries(items.counts);
      show(element, states.length);
      write(count, number(states.reduce((sum, [, each]) => sum + each, 0)));
      keyed(parts, shares, states, ([state]) => state, ([state]) => el("i", { "data-state": state }), (node, [, each]) => { node.style.flexGrow = each; });
      keyed(counts, chips, states, ([state]) => state, chip, (node, [, each]) => write(node.number, number(each)));
      const newest = items.recent.toReversed();
      failed.update(newest.filter(broken), MOST_FAILED, items.counts.failed ?? 0);
      other.update(newest.filter((item) => !broken(item)), MOST_OTHER, 0);
    },
  };
}

/** What was passed over has a reason too, but is no failure. */
const broken = ({ error, state }) => Boolean(error) && state !== "skipped";

function chip([state]) {
  const figure = el("b");
  const node = el("li", { "data-state": state }, el("i", { "aria-hidden": "true" }), figure, ` ${state}`);
  node.number = figure;
  return node;
}

/** A list with its name; `update(items, most, total)` says how many of `total` it shows where those are not all. */
function part(name) {
  const note = el("span.count");
  const list = el("ul.items", { tabindex: "0", "aria-label": `${name} items` });
  const element = el("div.part", { hidden: true }, el("h3", {}, name, " ", note), list);
  const rows = new Map();
  function update(items, most, total) {
    const shown = items.slice(0, most);
    show(element, shown.length);
    write(note, total > shown.length ? `the last ${number(shown.length)} of ${number(total)}` : "");
    keyed(list, rows, shown, ({ key, time, state }) => `${key} ${time} ${state}`, row);
  }
  return { element, update };
}

function row(item) {
  const mark = el("span.mark");
  draw(mark, broken(item) ? "failed" : item.state);
  const node = el("li", { "data-state": broken(item) ? "failed" : item.state }, mark, el("span.name", {}, item.key), el("span.unseen", {}, `, ${item.state}`),
    el("span.said", {}, item.error ? item.error.message : Object.entries(item.fields ?? {}).map(fieldText).join(" · ")));
  set(node, "title", item.error ? item.error.code : null);
  return node;
}

function fieldText([name, value]) {
  if (typeof value === "number") return `${title(name)} ${Number.isInteger(value) ? number(value) : rounded(value)}`;
  const text = value !== null && typeof value === "object" ? JSON.stringify(value) : String(value);
  const most = text.includes(" ") ? LONGEST : LONGEST_WORD;
  return `${title(name)} ${text.length > most ? `${text.slice(0, most - 4)}…` : text}`;
}
