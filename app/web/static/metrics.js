// The numbers that a job measures: curves as they grow, and what is measured only once.

import { chartView, drawChart } from "./chart.js";
import { charts, figures } from "./curves.js";
import { el, keyed, set, show, write } from "./dom.js";
import { measured, title } from "./words.js";

/** `{element, update(job)}`: a chart for each thing that is measured. */
export function metricsView() {
  const facts = el("dl.facts-grid");
  const grid = el("div.charts");
  const element = el("section.card.metrics", { "aria-labelledby": "metrics-title", hidden: true },
    el("h2", { id: "metrics-title" }, "Metrics"), facts, grid);
  const [nodes, rows] = [new Map(), new Map()];
  let last = null;
  return {
    element,
    update(job) {
      if (job.metrics === last) return;
      last = job.metrics;
      const [drawn, once] = [charts(job.metrics), figures(job.metrics)];
      show(element, drawn.length + once.length);
      show(grid, drawn.length);
      set(grid, "data-lone", drawn.filter(({ lines }) => lines.length === 1).length === 1);
      show(facts, once.length);
      keyed(grid, nodes, drawn, ({ key }) => key, chartView, drawChart);
      keyed(facts, rows, once, ([name]) => name, figure, ({ value }, [, metric]) => write(value, measured(metric.value, metric.unit)));
    },
  };
}

function figure([name]) {
  const value = el("dd.figure");
  const node = el("div", {}, el("dt", {}, title(name)), value);
  node.value = value;
  return node;
}
