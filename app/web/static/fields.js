// A JSON Schema as form fields: one field per property, what it holds read back as JSON.

import { kindOf } from "./controls.js";
import { el, set, show, write } from "./dom.js";
import { title } from "./words.js";

let made = 0;

/**
 * The fields of an object schema, as `[{name, element, read(), write(value), fault(text), focus(), pending()}]`.
 * `read()` gives the value, undefined to leave it out, and throws a TypeError with a sentence where it is none.
 */
export function fieldsOf(schema, onChange) {
  const needed = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, raw]) =>
    field(name, resolve(schema, raw), needed.has(name), onChange));
}

/** `$ref` and `X | null` taken away; what is left says `nullable`. */
function resolve(root, schema, depth = 0) {
  if (depth > 8) return {};
  if (schema.$ref) {
    const found = schema.$ref.replace(/^#\//, "").split("/").reduce((at, name) => at?.[name], root);
    return resolve(root, { ...found, ...schema, $ref: undefined }, depth + 1);
  }
  const choices = schema.anyOf ?? schema.oneOf ?? (schema.allOf?.length === 1 ? schema.allOf : null);
  if (!choices) return schema.items ? { ...schema, items: resolve(root, schema.items, depth + 1) } : schema;
  const real = choices.filter((each) => each.type !== "null");
  if (real.length !== 1) return { ...schema, type: "any" };
  const { anyOf, oneOf, allOf, ...outside } = schema;
  return { ...resolve(root, real[0], depth + 1), ...outside, nullable: real.length < choices.length };
}

function field(name, schema, required, onChange) {
  const id = `field-${++made}`;
  const label = schema.title ?? title(name);
  const changed = () => {
    tell("");
    onChange();
  };
  const control = kindOf(schema)({ id, schema, required, label, describedBy: `${id}-hint ${id}-fault`, onChange: changed });
  const hint = el("p.hint", { id: `${id}-hint`, hidden: !schema.description && !bounds(schema) },
    [schema.description, bounds(schema)].filter(Boolean).join(" "));
  const fault = el("p.fault", { id: `${id}-fault`, hidden: true });
  const heading = control.group
    ? el("p.label", { id: `${id}-label` }, label, mark(required))
    : el("label", { for: id }, label, mark(required));
  const parts = control.inline ? [el("div.inline", {}, control.element, heading), hint, fault] : [heading, hint, control.element, fault];
  const element = el("div.field", control.group ? { role: "group", "aria-labelledby": `${id}-label` } : {}, parts);
  const target = control.input ?? control.element;

  function tell(text) {
    write(fault, text);
    show(fault, text);
    set(target, "aria-invalid", text ? "true" : null);
    element.classList.toggle("faulty", Boolean(text));
  }

  return {
    name, label, element,
    read: control.read,
    write: control.write ?? (() => {}),
    fillable: Boolean(control.write),
    pending: control.pending ?? (() => false),
    focus: () => target.focus(),
    fault: tell,
  };
}

const mark = (required) => required && el("span.need", {}, "required");

/** What the schema allows, in words, where a description would hardly say it. */
function bounds({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, minItems, maxItems, type }) {
  const least = minimum ?? exclusiveMinimum;
  const most = maximum ?? exclusiveMaximum;
  const over = exclusiveMinimum !== undefined ? "more than" : "at least";
  const under = exclusiveMaximum !== undefined ? "less than" : "at most";
  if (least !== undefined && most !== undefined && over === "at least" && under === "at most") return `From ${least} to ${most}.`;
  const said = [least !== undefined && `${over} ${least}`, most !== undefined && `${under} ${most}`].filter(Boolean).join(", ");
  if (said) return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
  if (type === "string" && maxLength && maxLength <= 100) return `At most ${maxLength} characters.`;
  if (type === "array" && (minItems || maxItems)) return `${minItems ?? 0} to ${maxItems ?? "any number"} of them.`;
  return "";
}
