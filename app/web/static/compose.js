// A new job: what there is to run, and the form of what was chosen.

import { call } from "./api.js";
import { el } from "./dom.js";
import { form } from "./form.js";

/** The view of a new job; `onSubmitted(job)` once it is accepted. */
export async function composeView({ wanted, onSubmitted }) {
  const heading = el("h1", { id: "compose-title", tabindex: "-1" }, "New job");
  const element = el("section.compose", { "aria-labelledby": "compose-title" }, heading);
  const view = { element, focus: () => heading.focus(), close() {}, title: "New job" };
  let types;
  try {
    types = await jobTypes();
  } catch (problem) {
    element.append(el("p.card.notice.bad", { role: "alert" }, problem.message));
    return view;
  }
  if (!types.length) {
    element.append(el("p.card.notice", {}, "No worker has announced a job type yet. Start one, then reload this page."));
    return view;
  }
  const place = el("div");
  const first = types.find((type) => type.name === wanted) ?? (wanted ? null : types.find((type) => type.served) ?? types[0]);
  if (!first) element.append(el("p.card.notice.bad", { role: "alert" }, `There is no job type called “${wanted}”. Choose one of these.`));
  element.append(picker(types, first, choose), place);

  function choose(type) {
    place.replaceChildren(form(type, onSubmitted));
    history.replaceState(history.state, "", `/?type=${encodeURIComponent(type.name)}`);
  }
  if (first) place.replaceChildren(form(first, onSubmitted));
  return view;
}

let known = null;

/** The job types, asked for once a page and again when a new job is begun. */
export async function jobTypes({ again = true } = {}) {
  if (!known || again) {
    known = (await call("GET", "/v1/job-types")).job_types;
  }
  return known;
}

function picker(types, chosen, onChoose) {
  const option = (type) => {
    const input = el("input", { type: "radio", name: "type", value: type.name, checked: type === chosen, onchange: () => onChoose(type) });
    return el("label.type", {}, input,
      el("span.type-name", {}, type.title ?? type.name, " ", el("code", {}, type.name)),
      type.description && el("span.type-what", {}, type.description),
      type.served === false && el("span.type-idle", {}, "No worker carries this now: a job waits until one does."));
  };
  return el("fieldset.types", {}, el("legend", {}, "What should run?"), types.map(option));
}
