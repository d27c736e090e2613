// How a job ended: its result, or its error, and what it was asked.

import { el, show } from "./dom.js";
import { duration, full } from "./words.js";
import { json, readable } from "./values.js";

/** The error of the last attempt, and of those before it. */
export function errorView() {
  const element = el("section.card.notice.bad", { "aria-label": "Error", hidden: true });
  let last = null;
  return {
    element,
    update(job) {
      const key = `${job.error?.message} ${job.errors?.length ?? 0} ${job.state}`;
      if (key === last) return;
      last = key;
      const earlier = job.errors ?? [];
      show(element, job.error || (earlier.length && job.state !== "succeeded"));
      element.classList.toggle("bad", Boolean(job.error));
      element.replaceChildren(...[
        job.error && el("h2", {}, "It failed", el("code", {}, job.error.code)),
        job.error && el("p.error-text", {}, job.error.message),
        job.error?.detail && readable(job.error.detail, 1),
        earlier.length > 0 && el("div.earlier", {}, el("p", {}, earlier.length === 1 ? "An earlier attempt failed:" : "Earlier attempts failed:"),
          el("ul", {}, earlier.map((error) => el("li", {}, el("code", {}, error.code), " ", error.message)))),
      ].filter(Boolean));
    },
  };
}

/** The result as something to read, its JSON beneath. */
export function resultView() {
  const body = el("div");
  const raw = el("div");
  const copy = el("button.plain", { type: "button" }, "Copy");
  const element = el("section.card", { "aria-labelledby": "result-title", hidden: true },
    el("div.card-line", {}, el("h2", { id: "result-title" }, "Result"), copy), body,
    el("details.more", {}, el("summary", {}, "JSON"), raw));
  let last;
  let text = "";
  copy.addEventListener("click", () => navigator.clipboard?.writeText(text));
  show(copy, navigator.clipboard);
  return {
    element,
    update({ result }) {
      if (result === last) return;
      last = result;
      const some = result !== null && result !== undefined;
      show(element, some);
      if (!some) return;
      text = JSON.stringify(result, null, 2);
      body.replaceChildren(readable(result));
      raw.replaceChildren(json(result));
    },
  };
}

/** What was asked for, and when what happened. */
export function askedView() {
  const facts = el("dl.asked");
  const params = el("div");
  const element = el("details.card.more.details", {}, el("summary", {}, "What was asked"), facts, params);
  let last = null;
  return {
    element,
    update(job) {
      const key = [job.id, job.started_at, job.finished_at, job.attempt].join(" ");
      if (key === last) return;
      last = key;
      const rows = [
        ["Job", job.id], ["Type", job.type], ["Accepted", full(job.created_at)],
        ["Started", job.started_at && full(job.started_at)], ["Finished", job.finished_at && full(job.finished_at)],
        ["Attempt", job.attempt ? `${job.attempt} of ${job.max_attempts}` : null], ["Priority", job.priority],
        ["Time limit", job.timeout_seconds && duration(job.timeout_seconds)], ["Run again from", job.retry_of], ["Part of", job.parent],
        ...Object.entries(job.labels ?? {}).map(([name, value]) => [`Label ${name}`, value]),
      ].filter(([, value]) => value !== null && value !== undefined && value !== "");
      facts.replaceChildren(...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))));
      params.replaceChildren(el("p.label", {}, "Params"), json(job.params));
    },
  };
}
