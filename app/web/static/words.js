// Numbers, times and states as people read them.

const NUMBER = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DATE = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

export const STATES = {
  scheduled: "Scheduled",
  queued: "Queued",
  running: "Running",
  cancelling: "Cancelling",
  succeeded: "Succeeded",
  failed: "Failed",
  cancelled: "Cancelled",
  expired: "Expired",
  pending: "Waiting",
  stopped: "Stopped",
  skipped: "Skipped",
  reused: "Kept from an earlier attempt",
};

const SHORT = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

/** A measurement: four digits, more only before the point. */
export const rounded = (value) => (Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : SHORT.format(value));
export const BYTES = new Set(["B", "bytes", "B/s"]);
/** A measurement with its unit, as short as it can be read. */
export function measured(value, unit) {
  if (BYTES.has(unit)) return bytes(value) + (unit === "B/s" ? "/s" : "");
  return rounded(value) + (unit === "%" ? "%" : unit ? ` ${unit}` : "");
}
export const number = (value) => (Math.abs(value) >= 1000 ? WHOLE : NUMBER).format(value);
export const percent = (fraction) => `${Math.floor(fraction * 100 + 1e-9)}%`;
export const clock = (time) => CLOCK.format(new Date(time));
export const day = (time) => DATE.format(new Date(time));
/** The clock today; the day as well where it is another one. */
export const moment = (time) => (new Date(time).toDateString() === new Date().toDateString() ? clock(time) : `${day(time)}, ${clock(time)}`);
export const full = (time) => FULL.format(new Date(time));
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** `when` for a list: the clock today, the day before that. */
export function when(time) {
  const date = new Date(time);
  return date.toDateString() === new Date().toDateString() ? CLOCK.format(date).slice(0, 5) : DAY.format(date);
}

/** 0.4 s, 12 s, 3 min 20 s, 2 h 5 min, 3 d 4 h. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (seconds < 10 && seconds % 1) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** An estimate has no decimals, and none of the precision that it does not have. */
export function estimate(seconds) {
  if (seconds < 60) return `about ${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 3600) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${duration(Math.round(seconds / 60) * 60)} left`;
}

export function bytes(count) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, Math.abs(count))) / 3));
  const value = count / 1000 ** power;
  return `${power && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

const INITIALS = /\b(cpu|csv|gpu|html|http|id|io|json|mae|pdf|rmse|sha256|sql|svg|url|zip)\b/gi;

/** `peak_memory` and `peakMemory` become `Peak memory`, `cpu` becomes `CPU`. */
export function title(name) {
  const spaced = name.replace(/[_-]+/g, " ").replace(/([a-z])([A-Z])/g, "$1 $2").trim();
  const words = spaced.replace(INITIALS, (each) => each.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const secondsBetween = (from, to) => (Date.parse(to) - Date.parse(from)) / 1000;
