// Which of a job's numbers belong into one chart: those that are one thing looked at from several sides.

import * as words from "./words.js";

/** Words that tell the sides of one thing apart, at either end of a name: `train_loss` and `loss/validation`. */
const SIDES = new Set([
  "train", "training", "validation", "valid", "val", "test", "baseline", "best",
  "min", "mean", "median", "max", "low", "high", "p50", "p90", "p95", "p99",
  "sent", "received", "read", "write", "written", "in", "out", "rx", "tx",
]);
/** Lines that one chart can carry and still be read. */
const MOST = 6;

/**
 * `metrics` as charts: `[{key, name, unit, lines: [{name, label, value, series}]}]`, those of several lines first, as they came.
 * What has been measured once stands in none of them.
 */
export function charts(metrics) {
  const measured = Object.entries(metrics).filter(([, { series }]) => series.length > 1);
  const families = Map.groupBy(measured, ([name, { unit }]) => `${family(name).of}\n${unit ?? ""}`);
  const single = [...families.values()].filter((each) => each.length === 1).flat();
  const shares = single.filter(([, { unit }]) => unit === "%");
  const apart = shares.length > 1 ? single.filter((each) => !shares.includes(each)) : single;
  const several = [...families].filter(([, each]) => each.length > 1)
    .flatMap(([key, each]) => together(key, title(family(each[0][0]).of), each, sideOf));
  if (shares.length > 1) several.push(...together("%", "Percent", shares, title));
  const places = new Map(measured.map(([name], index) => [name, index]));
  several.sort((a, b) => places.get(a.lines[0].name) - places.get(b.lines[0].name));
  return [...several, ...apart.map((each) => chart(each[0], title(each[0]), [each], title))];
}

/** `disk.read` is read as two words. */
const title = (name) => words.title(name.replace(/(?<=[a-z])\.(?=[a-z])/gi, " "));

/** The metrics that stand in no chart, as `[name, metric]`. */
export const figures = (metrics) => Object.entries(metrics).filter(([, { series }]) => series.length < 2);

/** `{of, side}`: what a name is about, and which side of it; `side` is empty where it has none. */
function family(name) {
  const slash = name.lastIndexOf("/");
  if (slash > 0 && slash < name.length - 1) {
    const [before, after] = [name.slice(0, slash), name.slice(slash + 1)];
    return SIDES.has(before.toLowerCase()) ? { of: after, side: before } : { of: before, side: after };
  }
  const parts = name.split(/[\s._:-]+/).filter(Boolean);
  const last = parts.length > 1 && SIDES.has(parts.at(-1).toLowerCase());
  const first = parts.length > 1 && !last && SIDES.has(parts[0].toLowerCase());
  if (last) return { of: parts.slice(0, -1).join("_"), side: parts.at(-1) };
  return first ? { of: parts.slice(1).join("_"), side: parts[0] } : { of: parts.join("_") || name, side: "" };
}

/** `loss` beside `val_loss` has no side of its own: it is the thing itself. */
const sideOf = (name) => title(family(name).side || family(name).of);

function together(key, name, members, label) {
  const parts = [];
  for (let at = 0; at < members.length; at += MOST) parts.push(members.slice(at, at + MOST));
  return parts.map((part, index) => chart(`${key}\n${index}`, name, part, label));
}

function chart(key, name, members, label) {
  const lines = members.map(([each, { value, series }]) => ({ name: each, label: label(each), value, series }));
  return { key, name, unit: members[0][1].unit ?? null, lines };
}
