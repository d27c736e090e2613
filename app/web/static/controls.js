// The controls of a form, one for each kind of JSON Schema: how it looks, what it reads, what it is filled with.

import { el } from "./dom.js";
import { members, rows, union } from "./groups.js";
import { dropZone } from "./upload.js";

/**
 * Which control draws `schema`, one made of others where it `mayNest`. It is called with `{id, schema, required, label,
 * describedBy, onChange(), nest(schema, without), one(schema, label)}`: the last two make the fields within it.
 */
export function kindOf(schema, required, mayNest) {
  return (mayNest && grouped(schema, required)) || simple(schema);
}

function grouped(schema, required) {
  if (schema.variants) return union;
  if (schema.type === "array" && (schema.items?.properties || schema.items?.variants)) return rows;
  if (schema.type !== "object" || !schema.properties) return null;
  const may = schema.nullable || (!required && schema.default === undefined);
  return may ? (of) => union({ ...of, schema: { ...schema, nullable: true, variants: [{ ...schema, title: "Given", description: "" }] } }) : members;
}

function simple(schema) {
  if (schema.format === "tailrace-file") return file;
  if (schema.enum || "const" in schema) return choice;
  if (schema.type === "array" && schema.items?.format === "tailrace-file") return files;
  if (schema.type === "array" && schema.items?.enum) return choices;
  if (schema.type === "array" && ["string", "number", "integer"].includes(schema.items?.type)) return lines;
  if (schema.type === "object" && !schema.properties && schema.additionalProperties?.type === "string") return pairs;
  return { boolean: flag, integer: numeric, number: numeric, string: words }[schema.type] ?? anything;
}

/** What an emptied field means: left out, unless a default would then come back. */
function emptied({ schema, required }, empty) {
  if (schema.nullable && schema.default != null) return null;
  return required || schema.default ? empty : undefined;
}

const TYPES = { date: "date", email: "email", uri: "url", password: "password", time: "time" };

/** Characters from which on a text has lines; shorter ones are names, columns, addresses. */
const LONG = 2000;

function words(of) {
  const { id, schema, required, describedBy, onChange } = of;
  const big = schema.format === "multiline" || schema.contentMediaType !== undefined || ((schema.maxLength ?? 0) > LONG && !schema.format && !schema.pattern);
  const element = el(big ? "textarea" : "input", {
    id, required, "aria-describedby": describedBy, oninput: onChange, rows: big && "4", spellcheck: "false",
    type: big ? null : TYPES[schema.format] ?? "text", autocomplete: "off",
    minlength: schema.minLength, placeholder: schema.examples?.[0], pattern: big ? null : schema.pattern,
  });
  element.value = schema.default ?? "";
  return {
    element,
    read: () => element.value || emptied(of, ""),
    write: (value) => { element.value = value ?? ""; },
  };
}

function numeric(of) {
  const { id, schema, required, describedBy, onChange } = of;
  const element = el("input.short", {
    id, required, type: "number", step: schema.type === "integer" ? schema.multipleOf ?? 1 : "any",
    min: schema.minimum, max: schema.maximum, inputmode: schema.type === "integer" ? "numeric" : "decimal",
    "aria-describedby": describedBy, oninput: onChange, placeholder: schema.examples?.[0],
  });
  element.value = schema.default ?? "";
  return {
    element, short: true,
    read: () => {
      if (element.validity.badInput) throw new TypeError("This is not a number.");
      if (element.value !== "") return Number(element.value);
      return schema.nullable && schema.default != null ? null : undefined;
    },
    write: (value) => { element.value = value ?? ""; },
  };
}

function flag({ id, schema, describedBy, onChange }) {
  const element = el("input", { id, type: "checkbox", "aria-describedby": describedBy, onchange: onChange });
  element.checked = schema.default === true;
  return { element, inline: true, short: true, read: () => element.checked, write: (value) => { element.checked = value === true; } };
}

function choice({ id, schema, required, describedBy, onChange }) {
  const values = schema.enum ?? [schema.const];
  const open = !required && schema.default === undefined;
  const element = el("select", { id, required, "aria-describedby": describedBy, onchange: onChange },
    open && el("option", { value: "" }, "–"),
    values.map((value, index) => el("option", { value: index }, String(value))));
  const put = (value) => { element.value = values.includes(value) ? values.indexOf(value) : open ? "" : 0; };
  put(schema.default);
  return { element, short: true, read: () => (element.value === "" ? undefined : values[Number(element.value)]), write: put };
}

function choices({ id, schema, describedBy, onChange }) {
  const boxes = schema.items.enum.map((value) => ({ value, box: el("input", { type: "checkbox", onchange: onChange }) }));
  const element = el("div.boxes", { id, tabindex: "-1", "aria-describedby": describedBy },
    boxes.map(({ value, box }) => el("label", {}, box, String(value))));
  const put = (values) => boxes.forEach(({ value, box }) => { box.checked = Boolean(values?.includes(value)); });
  put(schema.default);
  return { element, group: true, read: () => boxes.filter(({ box }) => box.checked).map(({ value }) => value), write: put };
}

function area({ id, required, describedBy, onChange }, hint, rows = 3) {
  return el("textarea.code", { id, required, rows, placeholder: hint, "aria-describedby": describedBy, spellcheck: "false", oninput: onChange });
}

function lines(of) {
  const element = area(of, "one on each line");
  const put = (values) => { element.value = (values ?? []).join("\n"); };
  put(of.schema.default);
  const numbers = of.schema.items.type !== "string";
  return {
    element, write: put,
    read: () => {
      const found = element.value.split("\n").map((line) => line.trim()).filter(Boolean);
      if (numbers && found.some((line) => Number.isNaN(Number(line)))) throw new TypeError("These are not all numbers.");
      return found.length ? (numbers ? found.map(Number) : found) : emptied(of, []);
    },
  };
}

function pairs(of) {
  const element = area(of, "name: value", 2);
  const put = (values) => { element.value = Object.entries(values ?? {}).map(([name, value]) => `${name}: ${value}`).join("\n"); };
  put(of.schema.default);
  return {
    element, write: put,
    read: () => {
      const found = element.value.split("\n").filter((line) => line.trim()).map((line) => line.match(/^\s*([^:]+?)\s*:\s*(.*?)\s*$/));
      if (found.includes(null)) throw new TypeError("Each line is a name, a colon and a value.");
      return found.length ? Object.fromEntries(found.map(([, name, value]) => [name, value])) : emptied(of, {});
    },
  };
}

function anything(of) {
  const element = area(of, "JSON", 4);
  const put = (value) => { element.value = value === undefined || value === null ? "" : JSON.stringify(value, null, 2); };
  put(of.schema.default);
  return {
    element, write: put,
    read: () => {
      if (!element.value.trim()) return undefined;
      try {
        return JSON.parse(element.value);
      } catch (error) {
        throw new TypeError(`This is not JSON: ${error.message}`);
      }
    },
  };
}

function file(of) {
  const zone = dropZone({ ...of, many: false });
  return { ...zone, read: () => zone.read()[0], sample: sampled(zone, of.schema) };
}

function files(of) {
  const zone = dropZone({ ...of, many: true });
  return { ...zone, read: () => (zone.read().length ? zone.read() : emptied(of, [])), sample: sampled(zone, of.schema) };
}

/** A function that uploads what the service has to try the job type with; null where it has nothing. */
function sampled(zone, { sample }) {
  return sample ? () => zone.fetch([sample].flat()) : null;
}
