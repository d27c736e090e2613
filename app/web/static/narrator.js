// Which of a job's events are said aloud to those who do not see the page: turns, not ticks.

import { TERMINAL } from "./fold.js";
import { say } from "./say.js";
import { STATES, title } from "./words.js";

/** A function of the job before, the job after and the event between them; what is history when the page opens stays unsaid. */
export function narrator() {
  let caughtUp = false;
  return (before, job, { type, data }) => {
    if (type === "stream.caught_up" || type === "stream.snapshot") caughtUp = true;
    if (type === "stream.gap") say("Some events were missed. The job is shown as it stands now.", { urgent: true });
    if (!caughtUp || !before || !job) return;
    if (before.state !== job.state) say(turn(job), { urgent: TERMINAL.has(job.state) });
    else if (type === "step.started") say(`Step: ${name(job, data.name)}.`);
    else if (type === "step.failed") say(`Step failed: ${name(job, data.name)}.`, { urgent: true });
    else if (type === "alert" && data.firing) say(`Alert: ${data.message}`, { urgent: true });
  };
}

const name = (job, step) => job.steps.find((each) => each.name === step)?.title ?? title(step);

function turn(job) {
  const word = STATES[job.state] ?? job.state;
  return job.state === "failed" && job.error ? `${word}: ${job.error.message}` : `${word}.`;
}
