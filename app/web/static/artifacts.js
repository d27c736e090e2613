// The files that a job made: pictures shown, all of them to open or save.

import { jobPath } from "./api.js";
import { el, keyed, set, show, write } from "./dom.js";
import { icon } from "./icons.js";
import { bytes, plural } from "./words.js";

/** `{element, update(job)}`: a gallery of the pictures and a list of the files. */
export function artifactsView() {
  const gallery = el("div.gallery");
  const pictures = el("section.card", { "aria-labelledby": "pictures-title", hidden: true }, el("h2", { id: "pictures-title" }, "Charts"), gallery);
  const list = el("ul.files");
  const count = el("summary");
  const drawnList = el("ul.files");
  const drawnFiles = el("details.more", {}, count, drawnList);
  const files = el("section.card", { "aria-labelledby": "files-title", hidden: true }, el("h2", { id: "files-title" }, "Files"), list, drawnFiles);
  const [figures, rows, drawnRows] = [new Map(), new Map(), new Map()];
  let last = null;
  return {
    element: [pictures, files],
    update(job) {
      if (job.artifacts === last) return;
      last = job.artifacts;
      const drawn = job.artifacts.filter((artifact) => artifact.media_type.startsWith("image/"));
      show(pictures, drawn.length);
      show(files, job.artifacts.length);
      const named = (artifact) => artifact.name;
      keyed(gallery, figures, drawn, named, figure, (node, artifact) => fillFigure(node, job.id, artifact));
      const other = job.artifacts.filter((artifact) => !drawn.includes(artifact));
      keyed(list, rows, other, named, row, (node, artifact) => fillRow(node, job.id, artifact));
      keyed(drawnList, drawnRows, drawn, named, row, (node, artifact) => fillRow(node, job.id, artifact));
      show(list, other.length);
      show(drawnFiles, drawn.length);
      write(count, plural(drawn.length, "chart"));
    },
  };
}

/** Its address on this site, made here rather than taken from the job; changes when the content does. */
const address = (id, { name, sha256 }) => `${jobPath(id)}/artifacts/${encodeURIComponent(name)}?v=${encodeURIComponent(sha256.slice(0, 12))}`;

function figure() {
  const image = el("img", { loading: "lazy", decoding: "async" });
  const caption = el("figcaption");
  const link = el("a", { target: "_blank", rel: "noopener" }, image);
  const node = el("figure", {}, link, caption);
  image.addEventListener("load", () => set(node, "data-wide", image.naturalWidth > 1.8 * image.naturalHeight));
  node.parts = { image, caption, link };
  return node;
}

function fillFigure(node, id, artifact) {
  const { image, caption, link } = node.parts;
  if (image.getAttribute("src") !== address(id, artifact)) adapt(link, id, artifact);
  set(image, "src", address(id, artifact));
  set(image, "alt", readableName(artifact.name));
  set(link, "href", address(id, artifact));
  write(caption, readableName(artifact.name));
}

/** A picture stands on white paper, but for a drawing that says itself how it looks in the dark. */
async function adapt(link, id, artifact) {
  const drawing = artifact.media_type.startsWith("image/svg") && artifact.bytes < 1_000_000;
  if (!drawing || !matchMedia("(prefers-color-scheme: dark)").matches) return;
  const text = await fetch(address(id, artifact)).then((answer) => answer.text()).catch(() => "");
  set(link, "data-adapts", text.includes("prefers-color-scheme"));
}

const readableName = (name) => {
  const words = name.replace(/\.[a-z0-9]+$/i, "").replace(/[_-]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

function row() {
  const link = el("a.name", { target: "_blank", rel: "noopener" });
  const note = el("span.muted");
  const save = el("a.bare", {}, icon("save"));
  const node = el("li", {}, icon("file"), link, note, save);
  node.parts = { link, note, save };
  return node;
}

function fillRow(node, id, artifact) {
  const { link, note, save } = node.parts;
  write(link, artifact.name);
  set(link, "href", address(id, artifact));
  write(note, `${artifact.media_type.split(";")[0]}, ${bytes(artifact.bytes)}`);
  set(save, "href", address(id, artifact));
  set(save, "download", artifact.name);
  set(save, "aria-label", `Save ${artifact.name}`);
}
