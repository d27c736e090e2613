// A place to drop files on: each is sent at once, shows how far it is, and becomes an id.

import { Problem, upload } from "./api.js";
import { el, set, show, write } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./say.js";
import { bytes, percent } from "./words.js";

/**
 * `{element, input, read(), pending(), fetch(names)}`; `read()` gives the ids of the files that have arrived, `fetch`
 * uploads files that the service has to show what it does, and resolves once they have arrived.
 */
export function dropZone({ id, many, describedBy, onChange }) {
  const files = new Set();
  const input = el("input", {
    id, type: "file", multiple: many, "aria-describedby": describedBy,
    onchange: () => { add(input.files); input.value = ""; },
  });
  const list = el("ul.files");
  const zone = el("div.drop", {
    ondragenter: lift, ondragover: lift,
    ondragleave: (event) => zone.contains(event.relatedTarget) || zone.classList.remove("over"),
    ondrop: (event) => { event.preventDefault(); zone.classList.remove("over"); add(event.dataTransfer.files); },
  }, icon("upload"), el("span", {}, el("b", {}, many ? "Choose files" : "Choose a file"), " or drop ", many ? "them" : "it", " here"), input);

  function lift(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    zone.classList.add("over");
  }

  function add(chosen) {
    if (!many) for (const file of files) drop(file);
    return Promise.all([...chosen].slice(0, many ? undefined : 1).map(send));
  }

  async function fetchAll(names) {
    for (const file of files) drop(file);
    await add(await Promise.all(names.map(example)));
  }

  async function send(file) {
    const entry = row(file, () => drop(entry));
    files.add(entry);
    list.append(entry.element);
    onChange();
    try {
      const record = await upload(file, { onFraction: entry.progress, signal: entry.stop.signal });
      entry.id = record.id;
      entry.arrived(record.bytes);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      entry.refused(problem);
    }
    onChange();
  }

  function drop(entry) {
    entry.stop.abort();
    entry.element.remove();
    files.delete(entry);
    onChange();
  }

  const read = () => [...files].map((entry) => entry.id).filter(Boolean);
  const pending = () => [...files].some((entry) => !entry.id && !entry.faulty);
  return { element: el("div.upload", {}, zone, list), input, read, pending, fetch: fetchAll };
}

async function example(name) {
  const answer = await fetch(`/examples/${encodeURIComponent(name)}`);
  if (!answer.ok) throw new Problem(answer.status, { detail: `The example ${name} is not here any more.` });
  return new File([await answer.blob()], name, { type: answer.headers.get("Content-Type") ?? "" });
}

function row(file, onRemove) {
  const fill = el("i");
  const bar = el("div.bar", { role: "progressbar", "aria-label": `Upload of ${file.name}`, "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  const note = el("span.muted", {}, bytes(file.size));
  const remove = el("button.bare", { type: "button", "aria-label": `Remove ${file.name}`, onclick: onRemove }, icon("remove"));
  const element = el("li", {}, icon("file"), el("span.name", {}, file.name), note, remove, bar);
  const entry = { element, stop: new AbortController(), id: null, faulty: false };
  entry.progress = (fraction) => {
    fill.style.setProperty("--fraction", fraction);
    set(bar, "aria-valuenow", Math.floor(fraction * 100));
    write(note, `${bytes(file.size * fraction)} of ${bytes(file.size)}, ${percent(fraction)}`);
  };
  entry.arrived = (count) => {
    show(bar, false);
    element.classList.add("arrived");
    write(note, `${bytes(count)}, uploaded`);
    say(`${file.name} is uploaded.`);
  };
  entry.refused = (problem) => {
    show(bar, false);
    entry.faulty = true;
    element.classList.add("refused");
    write(note, problem.message);
    say(`${file.name} was not taken: ${problem.message}`, { urgent: true });
  };
  return entry;
}
