// What a job is after one more event: the fold of the service, for the browser. Pure; never changes what it is given.

import { thinned } from "./series.js";

export const TERMINAL = new Set(["succeeded", "failed", "cancelled", "expired"]);

/** Characters of an output kept here; a reload shows the shorter tail that the snapshot carries. */
const OUTPUT_TAIL = 256 * 1024;
const LOG_LINES = 100;
const RECENT_ITEMS = 200;
const FAILED_ITEMS = 100;
const ITEM_STATES = 20;
const RESOLVED_ALERTS = 50;

/** The job after `envelope`; `job` is null before the first snapshot. An unknown type only moves the cursor. */
export function apply(job, envelope) {
  if (envelope.type === "stream.snapshot") return envelope.data.job;
  if (!job) return null;
  if (envelope.type === "stream.position") return { ...job, queue: envelope.data };
  if (envelope.seq === undefined || seen(job.cursor, envelope)) return job;
  const fold = FOLDS[envelope.type];
  const change = fold ? fold(job, envelope.data, envelope.time) : null;
  return { ...job, ...change, cursor: envelope.id };
}

/** Same epoch and not beyond the cursor: a repeat. */
function seen(cursor, envelope) {
  const [epoch, seq] = cursor.split("-");
  return envelope.id.startsWith(`${epoch}-`) && envelope.seq <= Number(seq);
}

const FOLDS = {
  "job.scheduled": (job, data) => ({ state: "scheduled", until: data.until, waits_for: data.child ?? null }),
  "job.queued": () => ({ state: "queued", until: null }),
  "job.started": (job, data, time) => ({
    state: "running",
    attempt: data.attempt,
    started_at: job.started_at ?? time,
    progress: job.waits_for ? { ...job.progress, eta_seconds: null } : { fraction: 0, message: null, eta_seconds: null },
    waits_for: null,
    items: { counts: {}, recent: [] },
    alerts: calmed(job.alerts, time),
    metrics: Object.fromEntries(Object.entries(job.metrics).map(([name, metric]) => [name, { ...metric, rewind: true }])),
    steps: (data.steps ?? []).map((step) => ({ ...newStep(step.name), ...step })),
    queue: null,
  }),
  "job.progress": (job, data) => ({
    progress: {
      fraction: clamp(Math.max(job.progress.fraction, data.fraction)),
      message: data.message ?? job.progress.message,
      eta_seconds: data.eta_seconds ?? null,
    },
  }),
  "job.released": () => ({ state: "queued" }),
  "job.retrying": (job, data, time) => ({
    state: "scheduled",
    until: later(time, data.delay_seconds),
    errors: [...(job.errors ?? []), data.error].slice(-10),
  }),
  "job.cancelling": (job, data, time) => ({
    state: "cancelling",
    cancel: { requested_at: time, ...data },
  }),
  "job.succeeded": (job, data, time) => {
    const change = ended(job, "succeeded", time);
    return { ...change, result: data.result ?? null, progress: { ...change.progress, fraction: 1 } };
  },
  "job.failed": (job, data, time) => ({ ...ended(job, "failed", time), error: data.error }),
  "job.cancelled": (job, data, time) => ({
    ...ended(job, "cancelled", time),
    cancel: { ...(job.cancel ?? asked(time, data.reason)), mode: data.mode },
  }),
  "job.expired": (job, data, time) => ended(job, "expired", time),

  "step.started": (job, data, time) =>
    onStep(job, data.name, (step) => ({
      state: "running", started_at: time, finished_at: null, seconds: null, fraction: 0, error: null,
      title: data.title ?? step.title, parent: data.parent ?? step.parent, weight: data.weight ?? step.weight,
      child: data.child ?? step.child,
    })),
  "step.progress": (job, data) =>
    onStep(job, data.name, (step) => ({
      done: data.done ?? null, total: data.total ?? null, unit: data.unit ?? step.unit,
      message: data.message ?? step.message, fraction: clamp(fractionOf(data) ?? step.fraction),
    })),
  "step.succeeded": (job, data, time) =>
    onStep(job, data.name, () => ({ state: "succeeded", fraction: 1, summary: data.summary ?? null, finished_at: time, seconds: data.seconds })),
  "step.failed": (job, data, time) =>
    onStep(job, data.name, () => ({ state: "failed", error: data.error, finished_at: time })),
  "step.skipped": (job, data, time) =>
    onStep(job, data.name, () => ({ state: "skipped", fraction: 1, message: data.reason, finished_at: time })),
  "step.reused": (job, data, time) =>
    onStep(job, data.name, () => ({ state: "reused", fraction: 1, finished_at: time, seconds: data.seconds ?? null })),

  "output.delta": (job, data) => onOutput(job, data.name, (output) => appended(output, data)),
  "output.reset": (job, data) =>
    onOutput(job, data.name, () => ({ text: "", length: 0, done: false, truncated: false })),
  "output.done": (job, data) => onOutput(job, data.name, () => ({ length: data.length, done: true })),

  "artifact.ready": (job, data) => {
    const at = job.artifacts.findIndex((artifact) => artifact.name === data.name);
    return { artifacts: at < 0 ? [...job.artifacts, data] : job.artifacts.with(at, data) };
  },
  metric: (job, data) => {
    const metric = (own(job.metrics, data.name) && job.metrics[data.name]) || { series: [] };
    const before = metric.rewind ? rewound(metric.series, data.step) : metric.series;
    const at = data.step ?? (before.at(-1)?.[0] ?? -1) + 1;
    const series = thinned([...before, [at, data.value]]);
    const changed = { value: data.value, step: data.step ?? null, unit: data.unit ?? metric.unit ?? null, series };
    return { metrics: put(job.metrics, data.name, changed) };
  },
  log: (job, data, time) => ({ log: [...job.log, { time, ...data }].slice(-LOG_LINES) }),
  alert: (job, data, time) => {
    const before = job.alerts.find((alert) => alert.firing && alert.name === data.name);
    const alert = { ...data, since: before?.since ?? time };
    if (!data.firing) alert.resolved_at = time;
    const firing = job.alerts.filter((other) => other.firing && other !== before);
    const resolved = job.alerts.filter((other) => !other.firing);
    if (data.firing) return { alerts: [...firing, alert, ...resolved] };
    return { alerts: [...firing, ...[...resolved, alert].slice(-RESOLVED_ALERTS)] };
  },
  item: ({ items }, data, time) => {
    const known = own(items.counts, data.state);
    const state = known || Object.keys(items.counts).length < ITEM_STATES ? data.state : "other";
    const count = (own(items.counts, state) ? items.counts[state] : 0) + 1;
    const recent = spared([...items.recent, { time, ...data }]);
    return { items: { counts: put(items.counts, state, count), recent } };
  },
};

const HALF_A_CHARACTER = /^[\uDC00-\uDFFF]/;
const own = (things, name) => Object.hasOwn(things, name);
const clamp = (fraction) => Math.min(1, Math.max(0, fraction));
const later = (time, seconds) => new Date(Date.parse(time) + Math.round(seconds * 1000)).toISOString();
const asked = (time, reason) => ({ requested_at: time, ...(reason && { reason }) });

const newStep = (name) => ({
  name, title: null, state: "pending", weight: 1, fraction: 0, done: null, total: null, unit: null,
  message: null, summary: null, parent: null, child: null, error: null, started_at: null, finished_at: null,
  seconds: null,
});

/** A copy of `things` with one more name; a name like `__proto__` stays a plain name. */
function put(things, name, value) {
  return Object.fromEntries(new Map(Object.entries(things)).set(name, value));
}

function ended(job, state, time) {
  return { state, finished_at: time, until: null, waits_for: null, queue: null, progress: { ...job.progress, eta_seconds: null } };
}

function onStep(job, name, change) {
  const at = job.steps.findIndex((step) => step.name === name);
  const step = at < 0 ? newStep(name) : job.steps[at];
  const next = { ...step, ...change(step) };
  return { steps: at < 0 ? [...job.steps, next] : job.steps.with(at, next) };
}

function onOutput(job, name, change) {
  const output = own(job.outputs, name) ? job.outputs[name] : { text: "", length: 0, done: false, truncated: false };
  return { outputs: put(job.outputs, name, { ...output, ...change(output) }) };
}

/** `offset` and `length` count characters, not UTF-16 units; a repeat adds only what goes beyond it. */
function appended(output, { offset, text }) {
  const characters = [...text];
  const fresh = characters.slice(Math.max(0, output.length - offset));
  const all = output.text + fresh.join("");
  const cut = all.length > OUTPUT_TAIL * 1.25;
  return {
    text: cut ? all.slice(-OUTPUT_TAIL).replace(HALF_A_CHARACTER, "") : all,
    length: output.length + fresh.length,
    truncated: output.truncated || cut,
  };
}

function fractionOf({ fraction, done, total }) {
  if (fraction !== undefined && fraction !== null) return fraction;
  return total && done !== undefined && done !== null ? done / total : null;
}

/** Another run measures anew: from the step that it sets in at, or else from the beginning. */
function rewound(series, step) {
  return step === undefined || step === null ? [] : series.filter(([at]) => at < step);
}

/** Without the oldest item where there are too many; up to 100 that failed stay longest. */
function spared(items) {
  if (items.length <= RECENT_ITEMS) return items;
  const at = items.findIndex((item) => !item.error);
  return items.toSpliced(at < 0 || at > FAILED_ITEMS ? 0 : at, 1);
}

/** Nothing fires any more: the run that had watched is over. */
function calmed(alerts, time) {
  const firing = alerts.filter((alert) => alert.firing).map((alert) => ({ ...alert, firing: false, resolved_at: time }));
  return [...alerts.filter((alert) => !alert.firing), ...firing].slice(-RESOLVED_ALERTS);
}
