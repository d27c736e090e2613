// The page: which view its address asks for, and what the views tell each other.

import { composeView, jobTypes } from "./compose.js";
import { set } from "./dom.js";
import { followJobs } from "./feed.js";
import { jobView } from "./job.js";
import { recentJobs } from "./recent.js";
import { say } from "./say.js";

const main = document.getElementById("main");
const recent = recentJobs(document.querySelector(".recent"));
let view = null;
let turn = 0;
let shown = null;

/** Shows what the address asks for; `focus` where the reader came here by an act on this page. */
async function show({ focus = false } = {}) {
  const mine = ++turn;
  shown = location.pathname;
  view?.close();
  const id = location.pathname.match(/^\/jobs\/([^/]+)\/?$/)?.[1];
  recent.current(id ? decodeURIComponent(id) : null);
  for (const link of document.querySelectorAll(".top nav a[data-route]")) set(link, "aria-current", id ? null : "page");
  const next = id ? jobView(decodeURIComponent(id), listeners) : await composeView({ wanted: new URLSearchParams(location.search).get("type"), onSubmitted: opened });
  if (mine !== turn) return next.close();
  view = next;
  main.replaceChildren(view.element);
  named(view.title);
  view.open?.();
  if (focus) {
    scrollTo(0, 0);
    view.focus();
  }
}

function go(path) {
  history.pushState(null, "", path);
  show({ focus: true });
}

function opened(job) {
  go(`/jobs/${encodeURIComponent(job.id)}`);
  recent.mark(job);
}

function named(title) {
  document.title = `${title} · Tailrace`;
}

const listeners = {
  opened: () => recent.refresh(),
  ended: () => recent.refresh(),
  again: (job) => {
    say("The same job is submitted again.", { urgent: true });
    opened(job);
  },
  deleted: (id) => {
    recent.forget(id);
    say("The job is deleted.", { urgent: true });
    go("/");
  },
  job: (job, title) => {
    recent.mark(job);
    named(title);
  },
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-route]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});
// A file dropped beside the field must not replace the page.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
// A jump within the page (the skip link) is told in the same way.
addEventListener("popstate", () => location.pathname === shown || show({ focus: true }));
addEventListener("pagehide", () => view?.close());
addEventListener("pageshow", (event) => event.persisted && show());
addEventListener("online", () => view?.hurry?.());
addEventListener("focus", () => recent.refresh());
document.addEventListener("visibilitychange", () => document.hidden || recent.refresh());

show();
recent.refresh();
followJobs(recent.take);
jobTypes({ again: false }).then(recent.types).catch(() => {});
