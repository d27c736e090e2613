// What comes one by one: alerts, the items of a batch, the log.

import { el, keyed, set, show, write } from "./dom.js";
import { draw } from "./icons.js";
import { clock, number, title } from "./words.js";

/** A card that is shown while there is something in it: `{element, body, count}`. */
function card(name, ...body) {
  const count = el("span.count");
  const element = el("section.card", { "aria-label": name, hidden: true }, el("div.card-line", {}, el("h2", {}, name), count), body);
  return { element, count };
}

/** The alerts that fire, then those that ceased. */
export function alertsView() {
  const list = el("ul.alerts");
  const { element, count } = card("Alerts", list);
  const nodes = new Map();
  let last = null;
  return {
    element,
    update({ alerts }) {
      if (alerts === last) return;
      last = alerts;
      show(element, alerts.length);
      const firing = alerts.filter((alert) => alert.firing);
      write(count, firing.length ? `${firing.length} firing` : "none firing");
      const shown = [...firing, ...alerts.filter((alert) => !alert.firing).reverse()];
      keyed(list, nodes, shown, (alert) => `${alert.name} ${alert.since}`, alertRow, fillAlert);
    },
  };
}

function alertRow() {
  const parts = { mark: el("span.mark"), name: el("b"), text: el("span"), value: el("span.muted") };
  const node = el("li", {}, parts.mark, el("div", {}, parts.name, " ", parts.text, " ", parts.value));
  node.parts = parts;
  return node;
}

function fillAlert(node, alert) {
  const { mark, name, text, value } = node.parts;
  draw(mark, alert.firing ? "warning" : "succeeded");
  set(node, "data-severity", alert.firing ? alert.severity : null);
  write(name, alert.name);
  write(text, alert.message);
  const measured = typeof alert.value === "number" ? `${number(alert.value)}${typeof alert.threshold === "number" ? `, limit ${number(alert.threshold)}` : ""} · ` : "";
  write(value, measured + (alert.firing ? `since ${clock(alert.since)}` : `${clock(alert.since)} to ${clock(alert.resolved_at ?? alert.since)}`));
}

/** How many items ended how, and the last of them, failures first. */
export function itemsView() {
  const parts = el("div.parts", { "aria-hidden": "true" });
  const counts = el("ul.counts");
  const list = el("ul.items", { tabindex: "0", "aria-label": "Last items" });
  const { element, count } = card("Items", parts, counts, list);
  const [shares, chips, rows] = [new Map(), new Map(), new Map()];
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
      keyed(counts, chips, states, ([state]) => state, ([state]) => el("li", { "data-state": state }), (node, [state, each]) => write(node, `${number(each)} ${state}`));
      const recent = items.recent.map((item, index) => ({ item, index })).reverse();
      const shown = [...recent.filter(({ item }) => item.error), ...recent.filter(({ item }) => !item.error)].slice(0, 50);
      keyed(list, rows, shown, ({ item }) => `${item.key} ${item.time} ${item.state}`, itemRow);
    },
  };
}

function itemRow({ item }) {
  const mark = el("span.mark");
  draw(mark, item.state);
  const said = item.error?.message ?? Object.entries(item.fields ?? {}).map(fieldText).join(" · ");
  return el("li", { "data-state": item.state }, mark, el("span.name", {}, item.key), el("span.unseen", {}, `, ${item.state}`), el("span.muted", {}, said));
}

const fieldText = ([name, value]) => `${title(name)} ${value !== null && typeof value === "object" ? JSON.stringify(value) : value}`;

/** The last lines of the log; the reader at its end stays there. */
export function logView() {
  const list = el("ol.log", { tabindex: "0", "aria-label": "Log lines" });
  const { element, count } = card("Log", list);
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
