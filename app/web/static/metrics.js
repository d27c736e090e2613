// The numbers that a job measures: the last value of each and its line, drawn as it grows.

import { el, keyed, set, show, svg, write } from "./dom.js";
import { rounded, title } from "./words.js";

const WIDE = 300;
const HIGH = 72;
const EDGE = 4;

/** `{element, update(job)}`: a small chart for each metric. */
export function metricsView() {
  const grid = el("div.charts");
  const element = el("section.card", { "aria-labelledby": "metrics-title", hidden: true }, el("h2", { id: "metrics-title" }, "Metrics"), grid);
  const nodes = new Map();
  let last = null;
  return {
    element,
    update(job) {
      if (job.metrics === last) return;
      last = job.metrics;
      const metrics = Object.entries(job.metrics);
      show(element, metrics.length);
      keyed(grid, nodes, metrics, ([name]) => name, chart, draw);
    },
  };
}

function chart([name]) {
  const parts = {
    value: el("span.value"), unit: el("span.unit"), low: el("span"), high: el("span"), at: el("span"),
    area: svg("path.area"), line: svg("path.line"), dot: svg("circle.dot", { r: 3 }),
  };
  parts.picture = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img" }, parts.area, parts.line);
  parts.over = svg("svg.over", { "aria-hidden": "true" }, parts.dot);
  const node = el("figure.chart", { onpointermove: (event) => point(node, event), onpointerleave: () => point(node, null) },
    el("figcaption", {}, el("span.name", {}, title(name)), el("span", {}, parts.value, parts.unit)),
    el("div.plot", {}, parts.picture, parts.over),
    el("div.scale", { "aria-hidden": "true" }, parts.low, parts.at, parts.high));
  node.parts = parts;
  return node;
}

function draw(node, [name, metric]) {
  if (node.metric === metric) return;
  node.metric = metric;
  const { parts } = node;
  const points = placed(metric.series);
  write(parts.unit, metric.unit ? ` ${metric.unit}` : "");
  show(parts.picture.parentElement, points.length > 1);
  show(parts.low.parentElement, points.length > 1);
  point(node, null);
  if (points.length < 2) return;
  const line = points.map(({ x, y }, index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  set(parts.line, "d", line);
  set(parts.area, "d", `${line}L${points.at(-1).x.toFixed(1)} ${HIGH}L${points[0].x.toFixed(1)} ${HIGH}Z`);
  const values = metric.series.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  write(parts.low, `${rounded(low)} lowest`);
  write(parts.high, `${rounded(high)} highest`);
  set(parts.picture, "aria-label", `${title(name)}: ${rounded(metric.value)}, between ${rounded(low)} and ${rounded(high)}`);
}

/** Series values in the picture's own units. */
function placed(series) {
  if (series.length < 2) return [];
  const values = series.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [from, to] = [series[0][0], series.at(-1)[0]];
  return series.map(([at, value]) => ({
    x: to === from ? WIDE : ((at - from) / (to - from)) * WIDE,
    y: high === low ? HIGH / 2 : HIGH - EDGE - ((value - low) / (high - low)) * (HIGH - 2 * EDGE),
    at, value,
  }));
}

/** Shows the value under the pointer, or the last one. */
function point(node, event) {
  const { parts, metric } = node;
  const points = placed(metric.series);
  const box = event && parts.picture.getBoundingClientRect();
  const x = box && ((event.clientX - box.left) / box.width) * WIDE;
  const near = box && points.length ? points.reduce((a, b) => (Math.abs(b.x - x) < Math.abs(a.x - x) ? b : a)) : null;
  const shown = near ?? points.at(-1);
  write(parts.value, rounded((near ?? metric).value));
  write(parts.at, near ? `at ${rounded(near.at)}` : "");
  if (!shown) return;
  set(parts.dot, "cx", `${(shown.x / WIDE) * 100}%`);
  set(parts.dot, "cy", `${(shown.y / HIGH) * 100}%`);
}
