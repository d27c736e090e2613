// A JSON value as something to read: figures, lists, tables, and the JSON itself beneath.

import { el } from "./dom.js";
import { number, rounded, title } from "./words.js";

const DEEPEST = 4;
const MOST_ROWS = 50;
const MOST_COLUMNS = 10;

const plain = (value) => value === null || typeof value !== "object";
const record = (value) => !plain(value) && !Array.isArray(value);

/** `value` as elements, `depth` levels under the top. */
export function readable(value, depth = 0) {
  if (plain(value)) return el("p.value", {}, text(value));
  if (depth >= DEEPEST) return json(value);
  if (Array.isArray(value)) return list(value, depth);
  return members(value, depth);
}

export function json(value) {
  return el("pre.json", { tabindex: "0", role: "group", "aria-label": "JSON" }, JSON.stringify(value, null, 2));
}

/** A plain value in words; `name` is what it is the value of: a year is not counted in thousands. */
function text(value, name = "") {
  if (value === null || value === "") return "–";
  if (value === true) return "yes";
  if (value === false) return "no";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return /year$/i.test(name) ? String(value) : number(value);
  return rounded(value);
}

function members(value, depth) {
  const entries = Object.entries(value);
  if (!entries.length) return el("p.muted", {}, "empty");
  const figures = entries.filter(([, each]) => plain(each) && !long(each));
  const rest = entries.filter(([, each]) => !plain(each) || long(each));
  return el("div.members", {}, figures.length > 0 && facts(figures), rest.map(([name, each]) => part(name, each, depth)));
}

const long = (value) => typeof value === "string" && value.length > 60;

function facts(entries) {
  const pairs = entries.map(([name, each]) =>
    el("div", {}, el("dt", {}, title(name)), el(typeof each === "number" ? "dd.figure" : "dd", {}, text(each, name))));
  return el("dl.facts-grid", {}, pairs);
}

function part(name, value, depth) {
  return el("div.part", {}, el(`h${Math.min(6, depth + 3)}`, {}, title(name)), readable(value, depth + 1));
}

function list(values, depth) {
  if (!values.length) return el("p.muted", {}, "none");
  if (values.every(record)) return table(values, depth);
  if (values.every((each) => plain(each) && !long(each))) return el("p.value", {}, values.slice(0, 200).map((each) => text(each)).join(", "));
  const shown = values.slice(0, MOST_ROWS).map((each) => el("li", {}, plain(each) ? text(each) : readable(each, depth + 1)));
  return el("div", {}, el("ul", {}, shown), rest(values));
}

function table(rows, depth) {
  const named = [...new Set(rows.slice(0, MOST_ROWS).flatMap(Object.keys))];
  const columns = named.filter((name) => rows.some((row) => row[name] != null && row[name] !== ""));
  if (columns.length > MOST_COLUMNS) return el("div", {}, rows.slice(0, 10).map((row) => members(row, depth + 1)), rest(rows, 10));
  const numeric = new Set(columns.filter((name) => rows.every((row) => row[name] == null || typeof row[name] === "number")));
  const cell = (row, name) => el(numeric.has(name) ? "td.figure" : "td", {}, brief(row[name] ?? null, name));
  return el("div.scroll", { tabindex: "0", role: "group", "aria-label": "Table" },
    el("table", {},
      el("thead", {}, el("tr", {}, columns.map((name) => el(numeric.has(name) ? "th.figure" : "th", { scope: "col" }, title(name))))),
      el("tbody", {}, rows.slice(0, MOST_ROWS).map((row) => el("tr", {}, columns.map((name) => cell(row, name)))))),
    rest(rows));
}

/** A value in one cell: what is small in words, the rest as JSON. */
function brief(value, name) {
  if (plain(value)) return text(value, name);
  const within = Object.values(value);
  return within.every(plain) && within.length <= 4 ? within.map((each) => text(each)).join(", ") : JSON.stringify(value).slice(0, 200);
}

function rest(values, shown = MOST_ROWS) {
  return values.length > shown && el("p.muted", {}, `and ${number(values.length - shown)} more, in the JSON`);
}
