// A JSON Schema as form fields: one field per property, what it holds read back as JSON.

import { kindOf } from "./controls.js";
import { el, set, show, write } from "./dom.js";
import { number, title } from "./words.js";

/** Boxes within boxes; what lies deeper is written as JSON. */
const DEEPEST = 4;
let made = 0;

/**
 * The fields of an object schema, as `[{name, element, read(), write(value), fault(text), focus(), pending(), inner()}]`.
 * `read()` gives the value, undefined to leave it out, and throws a TypeError with a sentence where it is none;
 * `inner()` the fields within it as `[segment of its JSON pointer, field]`. `on` is `{root, depth, without, changed()}`:
 * where `$ref` leads to, how deep the fields lie, which property has none, what to call when one has changed.
 */
export function fieldsOf(schema, on) {
  const place = { root: schema, depth: 0, without: null, ...on };
  const needed = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== place.without)
    .map(([name, raw]) => field(name, resolve(place.root, raw), needed.has(name), place));
}

/** `$ref` and `X | null` taken away; what is left says `nullable`, and has `variants` where it is one of several. */
function resolve(root, schema, depth = 0) {
  if (depth > 8) return {};
  if (schema.$ref) {
    const found = schema.$ref.replace(/^#\//, "").split("/").reduce((at, name) => at?.[name], root);
    return resolve(root, { ...found, ...schema, $ref: undefined }, depth + 1);
  }
  const choices = schema.anyOf ?? schema.oneOf ?? (schema.allOf?.length === 1 ? schema.allOf : null);
  if (!choices) return schema.items ? { ...schema, items: resolve(root, schema.items, depth + 1) } : schema;
  const real = choices.filter((each) => each.type !== "null");
  const { anyOf, oneOf, allOf, ...outside } = schema;
  const nullable = real.length < choices.length;
  const variants = real.map((each) => withTags(root, resolve(root, each, depth + 1)));
  if (variants.length === 1) return { ...variants[0], ...outside, nullable };
  return variants.some(({ variants: more }) => more) ? { ...outside, nullable, type: "any" } : { ...outside, nullable, variants };
}

/** With those of its properties followed that lead to a constant: shapes are told apart by them. */
function withTags(root, schema) {
  if (!schema.properties) return schema;
  const followed = Object.entries(schema.properties).map(([name, each]) => [name, each.$ref ? resolve(root, each, 7) : each]);
  return { ...schema, properties: Object.fromEntries(followed) };
}

function field(name, schema, required, { root, depth, changed, untitled = false }) {
  const id = `field-${++made}`;
  const label = schema.title ?? title(name);
  const onChange = () => {
    tell("");
    changed();
  };
  const within = { root, depth: depth + 1, changed: onChange };
  const control = kindOf(schema, required, depth < DEEPEST)({
    id, schema, required, label, describedBy: `${id}-hint ${id}-fault`, onChange,
    nest: (inner, without = null) => fieldsOf(inner, { ...within, without }),
    one: (inner, called = label) => field("", { ...inner, title: called }, true, { ...within, untitled: true }),
  });
  const said = [schema.description, bounds(schema)].filter(Boolean).join(" ");
  const hint = el("p.hint", { id: `${id}-hint`, hidden: !said }, said);
  const fault = el("p.fault", { id: `${id}-fault`, hidden: true });
  // What stands in a titled box of its own is named for those who do not see the box.
  const unseen = untitled ? ".unseen" : "";
  const heading = control.group
    ? el(`p.label${unseen}`, { id: `${id}-label` }, label, mark(required && !untitled))
    : el(`label${unseen}`, { for: id }, label, mark(required && !untitled));
  const parts = control.inline ? [el("div.inline", {}, control.element, heading), hint, fault] : [heading, hint, control.element, fault];
  const element = el("div.field", control.group ? { role: "group", "aria-labelledby": `${id}-label` } : {}, parts);
  const target = control.input ?? control.element;
  set(element, "data-wide", control.group || control.element.localName === "textarea" || Boolean(control.inner));
  set(element, "data-short", Boolean(control.short));

  function tell(text) {
    write(fault, text);
    show(fault, text);
    set(target, "aria-invalid", text ? "true" : null);
    element.classList.toggle("faulty", Boolean(text));
  }

  return {
    name, label, element,
    initial: schema.default,
    read: control.read,
    write: control.write ?? (() => {}),
    fillable: Boolean(control.write),
    sample: control.sample ?? null,
    pending: control.pending ?? (() => false),
    inner: control.inner ?? (() => []),
    focus: () => target.focus(),
    fault: tell,
  };
}

const mark = (required) => required && [" ", el("span.need", {}, "required")];

/** What the schema allows, in words, where a description would hardly say it. */
function bounds({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, maxLength, minItems, maxItems, type }) {
  const [least, most] = [minimum ?? exclusiveMinimum, maximum ?? exclusiveMaximum].map(sayable);
  const over = exclusiveMinimum !== undefined ? "more than" : "at least";
  const under = exclusiveMaximum !== undefined ? "less than" : "at most";
  if (least !== undefined && most !== undefined && over === "at least" && under === "at most") return `From ${number(least)} to ${number(most)}.`;
  const said = [least !== undefined && `${over} ${number(least)}`, most !== undefined && `${under} ${number(most)}`].filter(Boolean).join(", ");
  if (said) return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
  if (type === "string" && maxLength && maxLength <= 100) return `At most ${maxLength} characters.`;
  if (type === "array" && (minItems || maxItems)) return between(minItems, maxItems);
  return "";
}

/** A limit that nobody meets is not worth a word. */
const sayable = (limit) => (Math.abs(limit) < 1e12 ? limit : undefined);

function between(least, most) {
  if (!least) return `At most ${number(most)}.`;
  return most ? `${number(least)} to ${number(most)}.` : `At least ${number(least)}.`;
}
