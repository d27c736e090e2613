// The few pictures of the page, drawn in a 16 × 16 box with the colour of the text around them.

import { svg } from "./dom.js";

const PATHS = {
  succeeded: "M3.5 8.5l3 3 6-7",
  failed: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  cancelled: "M4 8h8",
  expired: "M8 4.5V8l2.5 1.5M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z",
  skipped: "M3.5 4.5l4 3.5-4 3.5M8.5 4.5l4 3.5-4 3.5",
  reused: "M12.5 8a4.5 4.5 0 1 1-1.5-3.4M11.5 2v3h-3",
  pending: "M8 12.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9z",
  running: "M8 2.5A5.5 5.5 0 0 1 13.5 8",
  upload: "M8 10.5v-8M4.5 5.5L8 2l3.5 3.5M2.5 10v3.5h11V10",
  file: "M4 1.5h5l3.5 3.5v9.5H4zM9 1.5V5h3.5",
  save: "M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11",
  remove: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  warning: "M8 2L1.5 13.5h13zM8 6.5V9.5M8 11.4v.1",
};
const ALIKE = { stopped: "cancelled", queued: "pending", scheduled: "expired", cancelling: "running" };

/** The picture called `name`, hidden from screen readers: the words beside it say the same. */
export function icon(name) {
  const known = ALIKE[name] ?? name;
  const path = Object.hasOwn(PATHS, known) ? PATHS[known] : PATHS.pending;
  return svg(`svg.icon.icon-${known}`, { viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" }, svg("path", { d: path }));
}

/** Swaps the picture in `place` where it is not `name` already. */
export function draw(place, name) {
  if (place.dataset.icon === name) return;
  place.dataset.icon = name;
  place.replaceChildren(icon(name));
}
