// A series of `[step, value]` that stays small however long it grows: its peaks and valleys are what is kept.

const POINTS = 400;
const PARTS = 100;

/** At most 400 points; where there are more, the lowest and the highest of each hundredth of the way. */
export function thinned(series) {
  if (series.length < POINTS) return series;
  const [from, to] = [series[0][0], series.at(-1)[0]];
  const part = ([at], index) => Math.floor((to > from ? (at - from) / (to - from) : index / series.length) * PARTS);
  const extremes = new Map();
  series.forEach((point, index) => {
    const seen = extremes.get(part(point, index));
    if (!seen) extremes.set(part(point, index), { low: index, high: index });
    else if (point[1] < series[seen.low][1]) seen.low = index;
    else if (point[1] > series[seen.high][1]) seen.high = index;
  });
  const kept = new Set([0, series.length - 1]);
  for (const { low, high } of extremes.values()) kept.add(low).add(high);
  return series.filter((_, index) => kept.has(index));
}

/** The point of `series` that lies nearest to `at`; null where there is none. */
export function nearest(series, at) {
  return series.reduce((best, point) => (best && Math.abs(best[0] - at) <= Math.abs(point[0] - at) ? best : point), null);
}
