// Controls that are made of others: the members of an object, one of several shapes, a list of things.

import { el, set, show, write } from "./dom.js";
import { title } from "./words.js";

/** What `fields` hold, by their names; a value that is none is raised with the way to its field. */
export function gathered(fields) {
  const held = fields.map((field) => [field.name, within(field.name, field.read)]);
  return Object.fromEntries(held.filter(([, value]) => value !== undefined));
}

function within(name, read) {
  try {
    return read();
  } catch (error) {
    throw Object.assign(error, { path: [name, ...(error.path ?? [])] });
  }
}

/** Writes the members of `value` into `fields`; what it lacks stands as it did at first. */
export function spread(fields, value) {
  for (const field of fields) if (field.fillable) field.write(Object.hasOwn(value ?? {}, field.name) ? value[field.name] : field.initial);
}

const named = (fields) => fields.map((field) => [field.name, field]);
const pending = (fields) => fields.some((field) => field.pending());

/** An object: its fields in a box of their own. */
export function members(of) {
  const fields = of.nest(of.schema);
  const element = el("div.group", { id: of.id, tabindex: "-1", "aria-describedby": of.describedBy }, fields.map((field) => field.element));
  if (of.schema.default) spread(fields, of.schema.default);
  return {
    element, group: true,
    inner: () => named(fields),
    pending: () => pending(fields),
    read: () => gathered(fields),
    write: (value) => spread(fields, value),
  };
}

/** One of several shapes: a choice, and the fields of what was chosen. */
export function union(of) {
  const { schema, required } = of;
  const shapes = schema.variants;
  const tag = tagOf(schema);
  const open = schema.nullable || (!required && schema.default === undefined);
  const select = el("select", { id: of.id, "aria-describedby": of.describedBy, onchange: () => { shape(Number(select.value)); of.onChange(); } },
    open && el("option", { value: -1 }, "–"),
    shapes.map((each, index) => el("option", { value: index }, nameOf(each, tag))));
  const place = el("div.group", { hidden: true });
  const what = el("p.hint", { hidden: true });
  let [chosen, fields] = [-1, []];

  function shape(index, value) {
    chosen = index;
    select.value = index;
    fields = index < 0 ? [] : plain(shapes[index]) ? [of.one(shapes[index])] : of.nest(shapes[index], tag);
    place.replaceChildren(...fields.map((field) => field.element));
    show(place, fields.length);
    write(what, shapes[index]?.description ?? "");
    show(what, what.textContent);
    if (value !== undefined && index >= 0) plain(shapes[index]) ? fields[0].write(value) : spread(fields, value);
  }

  function put(value) {
    const fitting = shapes.findIndex((each) => fits(each, value, tag));
    shape(fitting < 0 && !open ? 0 : fitting, value ?? undefined);
  }

  function read() {
    if (chosen < 0) return schema.nullable && schema.default != null ? null : undefined;
    if (plain(shapes[chosen])) return fields[0].read();
    return { ...(tag && { [tag]: constant(shapes[chosen], tag) }), ...gathered(fields) };
  }

  put(schema.default);
  return {
    element: el("div.union", {}, select, what, place), input: select, read, write: put,
    inner: () => (chosen >= 0 && !plain(shapes[chosen]) ? named(fields) : []),
    pending: () => pending(fields),
  };
}

const plain = (shape) => shape.type !== "object" || !shape.properties;
const constant = (shape, tag) => shape.properties?.[tag]?.const ?? shape.properties?.[tag]?.enum?.[0];

/** The member by which the shapes are told apart, if there is one. */
function tagOf({ discriminator, variants }) {
  if (discriminator?.propertyName) return discriminator.propertyName;
  const [first] = variants;
  return Object.keys(first.properties ?? {}).find((name) => variants.every((each) => constant(each, name) !== undefined)) ?? null;
}

const PLAIN = { string: "Text", number: "A number", integer: "A whole number", boolean: "Yes or no", array: "A list" };

/** A title that an author has written; else what the shape is told apart by, for a class has a name for programs. */
function nameOf(shape, tag) {
  if (tag && !/\s/.test(shape.title ?? "")) return title(String(constant(shape, tag)));
  return shape.title ? title(shape.title) : PLAIN[shape.type] ?? "Given";
}

function fits(shape, value, tag) {
  if (value === undefined || value === null) return false;
  if (tag) return constant(shape, tag) === value[tag];
  if (shape.type === "array") return Array.isArray(value);
  if (shape.type === "integer") return Number.isInteger(value);
  if (shape.type !== "object") return typeof value === shape.type;
  return typeof value === "object" && !Array.isArray(value) && (shape.required ?? []).every((name) => name in value);
}

/** A list of things: a box for each, one more by a button. */
export function rows(of) {
  const { schema, label } = of;
  const one = /ies$/.test(label) ? label.replace(/ies$/, "y") : label.replace(/s$/, "");
  const list = el("ol.rows");
  const more = el("button", { type: "button", onclick: () => { add().focus(); changed(); } }, `Add ${one.toLowerCase()}`);
  const element = el("div.list", { id: of.id, tabindex: "-1", "aria-describedby": of.describedBy }, list, more);
  let held = [];

  function add(value) {
    const name = el("b");
    const field = of.one(schema.items, one);
    const away = el("button.plain", { type: "button", onclick: () => { drop(entry); changed(); more.focus(); } }, "Remove");
    const entry = { field, name, away, element: el("li.row", {}, el("div.row-line", {}, name, away), field.element) };
    if (value !== undefined) field.write(value);
    held.push(entry);
    list.append(entry.element);
    number();
    return field;
  }

  function drop(entry) {
    held = held.filter((each) => each !== entry);
    entry.element.remove();
    number();
  }

  function number() {
    held.forEach(({ name, away }, index) => {
      write(name, `${one} ${index + 1}`);
      set(away, "aria-label", `Remove ${one.toLowerCase()} ${index + 1}`);
    });
    show(more, held.length < (schema.maxItems ?? Infinity));
    show(list, held.length);
  }

  const changed = () => of.onChange();
  function put(values) {
    for (const entry of held) entry.element.remove();
    held = [];
    for (const value of values ?? Array.from({ length: schema.minItems ?? 0 }, () => undefined)) add(value);
    number();
  }
  put(schema.default);
  return {
    element, group: true, write: put,
    inner: () => held.map(({ field }, index) => [String(index), field]),
    pending: () => pending(held.map(({ field }) => field)),
    read: () => (held.length || of.required || schema.default ? held.map(({ field }, index) => within(String(index), field.read)) : undefined),
  };
}
