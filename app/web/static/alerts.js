// The alerts of a job: those that fire, how bad and since when; below them those that ceased.

import { el, keyed, set, show, write } from "./dom.js";
import { TERMINAL } from "./fold.js";
import { draw } from "./icons.js";
import { duration, moment, number, secondsBetween, title } from "./words.js";

/** `{element, update(job)}`. */
export function alertsView() {
  const count = el("span.count");
  const [firing, resolved] = [el("ul.alerts"), el("ul.alerts", { tabindex: "0", "aria-labelledby": "resolved-title" })];
  const before = el("div.part", {}, el("h3", { id: "resolved-title" }, "Resolved"), resolved);
  const element = el("section.card", { "aria-label": "Alerts", hidden: true },
    el("div.card-line", {}, el("h2", {}, "Alerts"), count), firing, before);
  const nodes = [new Map(), new Map()];
  let [last, wasOver] = [null, null];
  return {
    element,
    update({ alerts, state }) {
      const over = TERMINAL.has(state);
      if (alerts === last && over === wasOver) return;
      [last, wasOver] = [alerts, over];
      const [now, past] = [alerts.filter((alert) => alert.firing), alerts.filter((alert) => !alert.firing).reverse()];
      show(element, alerts.length);
      set(element, "data-firing", now.length > 0);
      write(count, `${now.length || "none"} firing${over && now.length ? " when it ended" : ""}`);
      [[firing, now], [resolved, past]].forEach(([list, shown], index) => {
        show(list, shown.length);
        keyed(list, nodes[index], shown, (alert) => `${alert.name} ${alert.since}`, row, fill);
      });
      show(before, past.length);
    },
  };
}

function row() {
  const parts = { mark: el("span.mark"), name: el("b.name"), severity: el("span.severity"), time: el("span.time"), text: el("p"), value: el("span.muted") };
  const node = el("li", {}, parts.mark,
    el("div", {}, el("div.alert-line", {}, parts.name, parts.severity, parts.time), parts.text, parts.value));
  node.parts = parts;
  return node;
}

function fill(node, alert) {
  const { mark, name, severity, time, text, value } = node.parts;
  draw(mark, alert.firing ? "warning" : "succeeded");
  set(node, "data-severity", alert.severity);
  set(node, "data-firing", alert.firing);
  write(name, alert.name);
  write(severity, title(alert.severity));
  write(time, span(alert));
  write(text, alert.message);
  write(value, measure(alert));
  show(value, value.textContent);
}

/** Since when it fires; or from when to when it did, and how long that was. */
function span({ firing, since, resolved_at: until }) {
  if (firing || !until) return `since ${moment(since)}`;
  return `${moment(since)}, for ${duration(Math.max(0, secondsBetween(since, until)))}`;
}

function measure({ value, threshold }) {
  const said = [["value", value], ["limit", threshold]].filter(([, each]) => typeof each === "number");
  return said.map(([name, each]) => `${name} ${number(each)}`).join(", ");
}
