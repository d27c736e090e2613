// The form of one job type: read, sent, and every fault of the answer put where it belongs.

import { call, randomKey } from "./api.js";
import { el, set, show, write } from "./dom.js";
import { fieldsOf } from "./fields.js";
import { spread } from "./groups.js";
import { say } from "./say.js";

/** What every job may be told, whatever its type. */
const OPTIONS = {
  properties: {
    labels: { title: "Labels", description: "To find the job again, such as team: finance.", type: "object", additionalProperties: { type: "string" } },
    priority: { title: "Priority", description: "A higher one is taken first; 5 where nothing is said.", type: "integer", minimum: 0, maximum: 9 },
    delay_seconds: { title: "Start after, in seconds", type: "number", minimum: 0 },
    timeout_seconds: { title: "Time limit of an attempt, in seconds", type: "number", minimum: 1 },
    max_attempts: { title: "Attempts at most", type: "integer", minimum: 1 },
    expires_in_seconds: { title: "Give up where not started within, in seconds", type: "number", minimum: 1 },
  },
};

/** The form for `type`; `onSubmitted(job)` once the service has taken it. */
export function form(type, onSubmitted) {
  const curl = el("code");
  const changed = () => write(curl, asCurl(read().body));
  const params = fieldsOf(type.schema ?? {}, { changed });
  const options = fieldsOf(OPTIONS, { changed });
  const summary = el("div.card.notice.bad", { role: "alert", tabindex: "-1", hidden: true });
  const submit = el("button.primary", {}, "Submit");
  const { runs, fills } = exampleOf(type, params);
  const attempt = el("button", { type: "button", hidden: !runs, onclick: tryIt }, "Try the example");
  const filling = el("button", { type: "button", hidden: !fills, onclick: () => { spread(params, type.example); changed(); } }, "Fill in the example");
  const element = el("form.card.form", { novalidate: true, "aria-label": `Parameters of ${type.title ?? type.name}`, onsubmit: send },
    summary,
    el("div.params", {}, params.map((field) => field.element)),
    params.length === 0 && el("p.muted", {}, "This job type takes no parameters."),
    el("details.more", {}, el("summary", {}, "More options"), el("div.options", {}, options.map((field) => field.element))),
    el("details.more", {}, el("summary", {}, "The same from a shell"), el("pre", { tabindex: "0", role: "group", "aria-label": "curl command" }, curl)),
    el("div.buttons", {}, submit, attempt, filling));

  /** The body as the fields stand, and what is wrong with it already here. */
  function read() {
    const faults = [];
    const take = (fields, at) => Object.fromEntries(fields.map((field) => [field.name, taken(field, at, faults)]).filter(([, value]) => value !== undefined));
    const body = { type: type.name, params: take(params, "/params"), ...take(options, "") };
    return { body, faults };
  }

  /** The example as it stands, its files uploaded, from one press of a button. */
  async function tryIt() {
    if (attempt.getAttribute("aria-disabled") === "true") return;
    set(attempt, "aria-disabled", "true");
    try {
      spread(params, type.example);
      await Promise.all(params.filter(({ name }) => name in type.example).map((field) => field.sample?.()));
      changed();
      await send();
    } catch (problem) {
      tell(problem.message, []);
    } finally {
      set(attempt, "aria-disabled", null);
    }
  }

  let sent = null;
  async function send(event) {
    event?.preventDefault();
    if (submit.getAttribute("aria-disabled") === "true") return;
    const { body, faults } = read();
    if (params.some((field) => field.pending())) {
      tell("A file is still on its way. Submit when it is uploaded.", []);
      return;
    }
    if (faults.length) {
      tell("Some fields cannot be sent as they are.", faults);
      return;
    }
    tell(null, []);
    busy(true);
    const text = JSON.stringify(body);
    // The key stays while the same body has had no answer: sent again, it is still one job.
    if (sent?.text !== text) sent = { text, key: randomKey() };
    try {
      const job = await call("POST", "/v1/jobs", { body, headers: { "Idempotency-Key": sent.key } });
      sent = null;
      say(`${type.title ?? type.name} is submitted.`, { urgent: true });
      onSubmitted(job);
    } catch (problem) {
      if (problem.code) sent = null;
      tell(problem.message, problem.errors ?? []);
    } finally {
      busy(false);
    }
  }

  function busy(on) {
    submit.setAttribute("aria-disabled", String(on));
    write(submit, on ? "Submitting…" : "Submit");
  }

  /** Puts each fault at its field; what belongs to none is listed on top. The focus goes to where the work is. */
  function tell(why, faults) {
    const fields = [...params.flatMap((field) => placed(`/params/${escape(field.name)}`, field)), ...options.flatMap((field) => placed(`/${field.name}`, field))];
    for (const [, field] of fields) field.fault("");
    const loose = [];
    const told = new Map();
    for (const fault of faults) {
      // The deepest field that the pointer leads to or through.
      const [, found] = fields.findLast(([path]) => meets(fault.pointer, path)) ?? [];
      if (!found) loose.push(fault);
      else if (!told.has(found)) told.set(found, sentence(fault.detail));
    }
    for (const [field, text] of told) field.fault(text);
    const hit = fields.map(([, field]) => field).filter((field) => told.has(field));
    for (const field of hit) field.element.closest("details")?.setAttribute("open", "");
    summary.replaceChildren(...(why ? [el("p", {}, why), loose.length > 0 && el("ul", {}, loose.map(said))].filter(Boolean) : []));
    show(summary, why);
    if (why) (hit[0] ?? { focus: () => summary.focus() }).focus();
  }

  changed();
  return element;
}

const escape = (name) => name.replace(/~/g, "~0").replace(/\//g, "~1");
const meets = (pointer, path) => pointer === path || pointer?.startsWith(`${path}/`);
/** `is required` has no subject and no end: the field it stands at is the one. */
function sentence(detail) {
  const whole = /^(is|has|names|must|does) /.test(detail) ? `This ${detail}` : detail;
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

/** A field and all within it, each behind the one that it lies in, with their pointers. */
function placed(path, field) {
  return [[path, field], ...field.inner().flatMap(([name, inner]) => placed(`${path}/${escape(name)}`, inner))];
}

const said = (fault) => el("li", {}, fault.pointer && el("code", {}, fault.pointer), " ", fault.detail);

function taken(field, at, faults) {
  try {
    return field.read();
  } catch (error) {
    faults.push({ pointer: `${at}/${[field.name, ...(error.path ?? [])].map(escape).join("/")}`, detail: error.message });
    return undefined;
  }
}

/** Whether the example can be run as it stands, and whether there is anything of it to fill in. */
function exampleOf({ schema, example }, params) {
  const given = example ?? {};
  const needed = new Set(schema?.required ?? []);
  const ready = (field) => (field.fillable ? field.name in given : Boolean(field.sample)) || !needed.has(field.name);
  const named = params.filter((field) => field.name in given);
  return {
    runs: example !== null && example !== undefined && params.every(ready) && named.every((field) => field.fillable || field.sample),
    fills: named.some((field) => field.fillable),
  };
}

function asCurl(body) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -N ${location.origin}/v1/jobs \\\n  -H 'Content-Type: application/json' -H 'Accept: text/event-stream' \\\n  -d '${quoted}'`;
}
