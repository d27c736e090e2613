// One chart: its lines, its axes, and what they say under the pointer or the arrow keys.

import { el, keyed, set, svg, write } from "./dom.js";
import { across, upward } from "./scales.js";
import { nearest } from "./series.js";
import { measured } from "./words.js";

/** The units of the picture, which is stretched to its place; its lines are not. */
const [WIDE, HIGH] = [600, 150];
const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };

/** An empty chart, to be given to `drawChart`. */
export function chartView() {
  const parts = {
    name: el("span.name"), at: el("span.at"), value: el("span.value"), legend: el("ul.legend"),
    upward: el("div.upward", { "aria-hidden": "true" }), across: el("div.across", { "aria-hidden": "true" }),
    grid: svg("path.grid"), area: svg("path.area"), lines: svg("g"), rule: svg("line.rule", { y1: "0", y2: "100%" }), dots: svg("g"),
    rows: new Map(), paths: new Map(), points: new Map(), ups: new Map(), acrosses: new Map(),
  };
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" }, parts.grid, parts.area, parts.lines);
  parts.plot = el("div.plot", { tabindex: "0", role: "slider", "aria-valuemin": "0" },
    picture, svg("svg", { "aria-hidden": "true" }, parts.rule, parts.dots));
  const node = el("figure.chart", {},
    el("figcaption", {}, parts.name, parts.at, parts.value), parts.legend,
    el("div.graph", {}, parts.upward, parts.plot, parts.across));
  Object.assign(node, { parts, share: null });
  listen(node);
  return node;
}

function listen(node) {
  const { plot } = node.parts;
  const look = (share) => {
    node.share = share;
    read(node);
  };
  plot.addEventListener("pointermove", ({ clientX }) => {
    const box = plot.getBoundingClientRect();
    look(Math.min(1, Math.max(0, (clientX - box.left) / box.width)));
  });
  for (const gone of ["pointerleave", "pointercancel", "blur"]) plot.addEventListener(gone, () => look(null));
  plot.addEventListener("keydown", (event) => {
    if (!Object.hasOwn(KEYS, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    look(beside(node, KEYS[event.key]));
  });
}

/** Where the point `count` further on stands, 0 to 1; from the end where none is read yet. */
function beside({ group, across: axis, share }, count) {
  const { series } = longest(group);
  const from = share === null ? series.length - (count < 0 ? 0 : 1) : series.indexOf(nearest(series, valueAt(axis, share)));
  return axis.share(series[Math.min(series.length - 1, Math.max(0, from + count))][0]);
}

const longest = ({ lines }) => lines.reduce((a, b) => (b.series.length > a.series.length ? b : a));
const valueAt = ({ low, high }, share) => low + share * (high - low);

/** Draws `group` as `curves.js` has put it together, where it has changed. */
export function drawChart(node, group) {
  if (node.group?.lines.length === group.lines.length && group.lines.every(({ series }, index) => series === node.group.lines[index].series)) return;
  const points = group.lines.flatMap(({ series }) => series);
  node.group = group;
  node.across = across(points.map(([at]) => at));
  node.upward = upward(points.map(([, value]) => value), group.unit);
  set(node, "data-several", group.lines.length > 1);
  write(node.parts.name, group.name);
  drawAxes(node);
  drawLines(node);
  read(node);
}

function drawAxes({ parts, upward: up, across: on }) {
  const mark = () => el("span");
  const put = (side, share) => (node, each) => {
    write(node, each.text);
    node.style.setProperty(side, `${share(each.at) * 100}%`);
    set(node, "data-last", share(each.at) > 0.94);
  };
  keyed(parts.upward, parts.ups, up.marks, ({ text }) => text, mark, put("bottom", up.share));
  keyed(parts.across, parts.acrosses, on.marks, ({ at }) => at, mark, put("left", on.share));
  parts.upward.style.setProperty("width", `${Math.max(...up.marks.map(({ text }) => text.length))}ch`);
  set(parts.grid, "d", up.marks.map(({ at }) => `M0 ${high(up, at)}H${WIDE}`).join(""));
}

const high = (axis, value) => ((1 - axis.share(value)) * HIGH).toFixed(1);

function drawLines({ parts, group, across: on, upward: up }) {
  const way = ({ series }) => series.map(([at, value], index) => `${index ? "L" : "M"}${(on.share(at) * WIDE).toFixed(1)} ${high(up, value)}`).join("");
  const named = ({ name }) => name;
  const of = (kind) => (line) => svg(`${kind}.line-${group.lines.indexOf(line)}`);
  keyed(parts.lines, parts.paths, group.lines, named, of("path"), (node, line) => set(node, "d", way(line)));
  keyed(parts.dots, parts.points, group.lines, named, of("circle"), (node) => set(node, "r", 3.5));
  keyed(parts.legend, parts.rows, group.lines, named, (line) => legendRow(line, group.lines.indexOf(line)));
  const [first] = group.lines;
  const floor = high(up, Math.min(up.high, Math.max(up.low, 0)));
  const area = `${way(first)}V${floor}H${(on.share(first.series[0][0]) * WIDE).toFixed(1)}Z`;
  set(parts.area, "d", group.lines.length === 1 ? area : null);
}

function legendRow({ label }, index) {
  const value = el("span.value");
  const node = el("li", {}, svg(`svg.swatch.line-${index}`, { viewBox: "0 0 18 4", "aria-hidden": "true" }, svg("path", { d: "M1 2H17" })), el("span.name", {}, label), value);
  node.figure = value;
  return node;
}

/** What each line is worth where the reader points, else at its end; a dot and the words say the same. */
function read({ parts, group, share, across: on, upward: up }) {
  const { series } = longest(group);
  const at = share === null ? null : nearest(series, valueAt(on, share))[0];
  const said = group.lines.map((line) => {
    const [x, value] = at === null ? line.series.at(-1) : nearest(line.series, at);
    const exact = at === null ? line.value : value;
    set(parts.points.get(line.name), "cx", `${on.share(x) * 100}%`);
    set(parts.points.get(line.name), "cy", `${(1 - up.share(value)) * 100}%`);
    write(parts.rows.get(line.name).figure, measured(exact, group.unit));
    return group.lines.length > 1 ? `${line.label} ${measured(exact, group.unit)}` : measured(exact, group.unit);
  });
  write(parts.value, group.lines.length > 1 ? "" : said[0]);
  write(parts.at, at === null ? "" : `at ${on.say(at)}`);
  set(parts.rule, "data-at", at);
  for (const end of ["x1", "x2"]) set(parts.rule, end, `${(at === null ? 0 : on.share(at)) * 100}%`);
  set(parts.plot, "aria-label", group.name);
  set(parts.plot, "aria-valuemax", series.length - 1);
  set(parts.plot, "aria-valuenow", at === null ? series.length - 1 : series.findIndex(([each]) => each === at));
  set(parts.plot, "aria-valuetext", `${at === null ? "last" : `at ${on.say(at)}`}: ${said.join(", ")}`);
}
