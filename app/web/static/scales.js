// The axes of a chart: how far they reach, where they are marked, and what stands at each mark.

import { BYTES, bytes, clock, day, measured } from "./words.js";

/** Steps between these are times, in seconds since 1970: hardly a job counts from there on. */
const [EARLIEST, LATEST] = [1e9, 1e11];

const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000];

/**
 * An axis is `{low, high, marks: [{at, text}], share(value), say(value)}`: `share` is 0 at `low` and 1 at `high`.
 * Upwards it begins at zero wherever that wastes less than half of it.
 */
export function upward(values, unit) {
  const [low, high] = reach(Math.min(...values), Math.max(...values), unit);
  const step = even((high - low) / 5);
  const bottom = Math.floor(low / step + 1e-9) * step;
  const top = Math.max(bottom + step, Math.ceil(high / step - 1e-9) * step);
  const marks = stops(bottom, top, step).map((at) => ({ at, text: marked(at, step, unit) }));
  return axis(bottom, top, marks, (value) => measured(value, unit));
}

function reach(low, high, unit) {
  if (low === high) return low === 0 ? [0, 1] : [Math.min(0, 1.25 * low), unit === "%" && low > 0 && low <= 100 ? 100 : Math.max(0, 1.25 * low)];
  return [low > 0 && low < high / 2 ? 0 : low, high < 0 && high > low / 2 ? 0 : high];
}

/** From the first step to the last, in whole steps where all are whole; by the clock where they are times. */
export function across(steps) {
  const [low, high] = [Math.min(...steps), Math.max(...steps)];
  if (low >= EARLIEST && high <= LATEST) return byClock(low, high);
  const least = steps.every(Number.isInteger) ? 1 : 0;
  const step = Math.max(least, even((high - low || 1) / 4));
  const first = Math.ceil(low / step - 1e-9) * step;
  return axis(low, high, stops(first, high, step).map((at) => ({ at, text: marked(at, step) })), (at) => measured(at));
}

function byClock(low, high) {
  const step = SECONDS.find((each) => (high - low) / each <= 5) ?? SECONDS.at(-1);
  // Marks stand on full hours and days of the reader's own clock.
  const shift = new Date(high * 1000).getTimezoneOffset() * 60;
  const first = Math.ceil((low - shift) / step) * step + shift;
  const text = (at) => (step >= 43_200 || midnight(at) ? day(at * 1000) : step < 60 ? clock(at * 1000) : clock(at * 1000).slice(0, 5));
  const say = (at) => (high - low > 43_200 ? `${day(at * 1000)}, ${clock(at * 1000)}` : clock(at * 1000));
  return axis(low, high, stops(first, high, step).map((at) => ({ at, text: text(at) })), say);
}

function midnight(at) {
  const time = new Date(at * 1000);
  return time.getHours() + time.getMinutes() + time.getSeconds() === 0;
}

function axis(low, high, marks, say) {
  return { low, high, marks, say, share: (value) => (high === low ? 1 : (value - low) / (high - low)) };
}

function stops(first, last, step) {
  const count = Math.max(0, Math.floor((last - first) / step + 1e-9));
  return Array.from({ length: count + 1 }, (_, index) => first + index * step).filter((at) => at <= last + step * 1e-9);
}

/** The least of 1, 2 and 5 times a power of ten that is not below `rough`. */
function even(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((each) => each * power >= rough * (1 - 1e-9)) ?? 10) * power;
}

/** A mark has the decimals that its step has, and none of the noise of adding steps up. */
function marked(at, step, unit) {
  if (BYTES.has(unit)) return bytes(at);
  const top = Math.max(Math.abs(at), step);
  if (Math.abs(at) < step * 1e-6) return "0";
  if (step < 1e-4) return at.toExponential(Math.max(0, power(Math.abs(at)) - power(step)));
  if (top >= 100_000) return COMPACT.format(at);
  const digits = Math.max(0, -power(step));
  return at.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const power = (value) => Math.floor(Math.log10(value) + 1e-9);
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
