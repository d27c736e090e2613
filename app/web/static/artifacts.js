// The files that a job made: pictures shown, all of them to open or save.

import { jobPath } from "./api.js";
import { el, keyed, set, show, write } from "./dom.js";
import { icon } from "./icons.js";
import { bytes } from "./words.js";

/** `{element, update(job)}`: a gallery of the pictures and a list of the files. */
export function artifactsView() {
  const gallery = el("div.gallery");
  const pictures = el("section.card", { "aria-labelledby": "pictures-title", hidden: true }, el("h2", { id: "pictures-title" }, "Charts"), gallery);
  const list = el("ul.files");
  const files = el("section.card", { "aria-labelledby": "files-title", hidden: true }, el("h2", { id: "files-title" }, "Files"), list);
  const [figures, rows] = [new Map(), new Map()];
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
      keyed(list, rows, job.artifacts, named, row, (node, artifact) => fillRow(node, job.id, artifact));
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
  node.parts = { image, caption, link };
  return node;
}

function fillFigure(node, id, artifact) {
  const { image, caption, link } = node.parts;
  set(image, "src", address(id, artifact));
  set(image, "alt", readableName(artifact.name));
  set(link, "href", address(id, artifact));
  write(caption, readableName(artifact.name));
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
