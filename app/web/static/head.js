// The head of an opened job: what it is, how it stands, how far, and what can be done with it.

import { el, set, show, write } from "./dom.js";
import { TERMINAL } from "./fold.js";
import { draw } from "./icons.js";
import { duration, estimate, full, number, percent, secondsBetween, STATES, title } from "./words.js";

const CANCELS = {
  queued: "It had not begun.",
  cooperative: "The job stopped by itself.",
  interrupted: "The job was interrupted.",
  killed: "The job did not stop in time and was killed.",
  lost: "Its worker was lost meanwhile.",
};

/** Whether it stands still because a job of its own runs. */
export const waitsForChild = (job) => job.state === "scheduled" && Boolean(job.waits_for);

/** `{element, update(job), tick(job, now), link(link, now), focus()}`; `actions` are `{cancel, retry, remove, hurry}`. */
export function headView(actions) {
  const heading = el("h1", { id: "job-title", tabindex: "-1" }, "Job");
  const mark = el("span.mark");
  const word = el("span");
  const pill = el("span.pill", {}, mark, word);
  const connection = el("span.connection", { hidden: true });
  const again = el("button.plain", { type: "button", hidden: true, onclick: actions.hurry }, "Try now");
  const cancel = el("button.danger", { type: "button", onclick: actions.cancel });
  const retry = el("button", { type: "button", onclick: actions.retry }, "Run again");
  const remove = el("button.plain", { type: "button", onclick: actions.remove }, "Delete");
  const facts = el("ul.facts");
  const fill = el("i");
  const bar = el("div.bar", { role: "progressbar", "aria-label": "Whole job", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  const share = el("span.share", { "aria-hidden": "true" });
  const words = el("p.doing");
  const element = el("header.card.head", {},
    el("div.head-line", {}, heading, pill, el("div.actions", {}, cancel, retry, remove)),
    facts, el("div.bar-line", {}, bar, share), words);
  const fact = {};
  const parent = el("a", { "data-route": true }, "Part of another job");
  const within = el("li", { hidden: true }, parent);
  facts.append(el("li", {}, connection, again), within);
  for (const name of ["attempt", "elapsed", "left", "position", "number"]) facts.append((fact[name] = el("li")));

  function update(job, kind) {
    const over = TERMINAL.has(job.state);
    write(heading, kind?.title ?? title(job.type));
    // Scheduled is its state; what it waits for is work all the same.
    const state = waitsForChild(job) ? "running" : job.state;
    set(element, "data-state", state);
    draw(mark, state);
    write(word, waitsForChild(job) ? "Waiting" : STATES[job.state] ?? job.state);
    show(within, job.parent);
    set(parent, "href", job.parent && `/jobs/${encodeURIComponent(job.parent)}`);
    show(cancel, !over);
    set(cancel, "aria-disabled", job.state === "cancelling" ? "true" : null);
    write(cancel, job.state === "cancelling" ? "Cancelling…" : "Cancel");
    show(retry, over);
    show(remove, over);
    write(fact.attempt, job.attempt > 1 || job.errors?.length ? `attempt ${Math.max(1, job.attempt)} of ${job.max_attempts}` : "");
    write(fact.position, position(job));
    write(fact.number, job.id);
    progress(job, over);
    write(words, sentence(job));
    show(words, words.textContent);
  }

  function progress(job, over) {
    const { fraction } = job.progress;
    const idle = ["queued", "scheduled"].includes(job.state) && !waitsForChild(job);
    const vague = job.state === "running" && fraction === 0 && job.steps.length === 0;
    fill.style.setProperty("--fraction", over && job.state === "succeeded" ? 1 : fraction);
    bar.classList.toggle("vague", vague);
    set(bar, "aria-valuenow", vague ? null : Math.floor(fraction * 100));
    write(share, vague || idle ? "" : percent(fraction));
  }

  function tick(job, now, etaAt) {
    const end = job.finished_at ?? new Date(now).toISOString();
    const took = job.started_at && duration(Math.floor(secondsBetween(job.started_at, end) * 10) / 10);
    const waits = !job.started_at && !job.finished_at && `waiting for ${duration(Math.floor(secondsBetween(job.created_at, end)))}`;
    write(fact.elapsed, job.finished_at ? took && `took ${took}` : waits || duration(Math.floor(secondsBetween(job.started_at, end))));
    write(fact.left, etaAt && job.state === "running" ? estimate(Math.max(0, (etaAt - now) / 1000)) : "");
    set(fact.elapsed, "title", job.started_at && `from ${full(job.started_at)}${job.finished_at ? ` to ${full(job.finished_at)}` : ""}`);
  }

  function link({ state, at }, now) {
    const seconds = Math.max(0, Math.ceil((at - now) / 1000));
    const texts = { connecting: "Connecting", open: "Live", polling: "Live", waiting: `Reconnecting in ${seconds} s`, ended: "Ended", lost: "Not connected" };
    show(connection, true);
    set(connection, "data-link", state);
    write(connection, texts[state]);
    show(again, state === "waiting");
  }

  return { element, update, tick, link, focus: () => heading.focus() };
}

function position(job) {
  if (job.state !== "queued" || !job.queue?.position) return "";
  const eta = job.queue.eta_seconds;
  return `${number(job.queue.position)}${job.queue.position === 1 ? " – next" : ""} in the queue${eta ? `, ${estimate(eta).replace(" left", " to go")}` : ""}`;
}

/** One sentence below the bar: what the job says of itself, or why it stands as it does. */
function sentence(job) {
  if (job.state === "cancelled") return [CANCELS[job.cancel?.mode], job.cancel?.reason && `Reason given: ${job.cancel.reason}`].filter(Boolean).join(" ");
  if (job.state === "expired") return "No worker took it in the time that it was given.";
  if (waitsForChild(job)) return job.progress.message ?? "It waits for a job that it has begun.";
  if (job.state === "scheduled" && job.until) return `Starts at ${full(job.until)}.`;
  if (job.state === "queued" && job.served === false) return "No worker carries this job type now. It waits until one does.";
  if (job.state === "cancelling") return "The worker has been told to stop.";
  if (TERMINAL.has(job.state)) return "";
  return job.progress.message ?? "";
}
