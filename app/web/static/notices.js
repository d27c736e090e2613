// What a reader must know about what is shown: holes, slowed streams, refused wishes.

import { el, show, write } from "./dom.js";

const GONE = { 404: "There is no such job. It may have been deleted, or kept for as long as the service keeps jobs.", 401: "You are signed out.", 403: "You may not see this job." };

/** `{element, take(envelope), fault(text), lost(problem)}`. */
export function noticesView() {
  const gap = el("p.card.notice", { role: "status", hidden: true });
  const slow = el("p.card.notice", { role: "status", hidden: true });
  const wish = el("p.card.notice.bad", { role: "alert", hidden: true });
  const element = el("div.notices", {}, gap, slow, wish);

  function tell(place, text) {
    write(place, text);
    show(place, text);
  }

  function take({ type, data }) {
    if (type === "stream.gap") tell(gap, `Some events were missed${data.reason ? ` (${data.reason})` : ""}. The job is shown as it stands now; single lines of what came before may be absent.`);
    else if (type === "stream.degraded") tell(slow, data.level ? "The service is busy: what you see may come a little later than it happens." : "");
    else if (type === "stream.overloaded") tell(slow, "The service is overloaded. The page tries again by itself.");
    else if (type === "stream.caught_up" || type === "stream.open") tell(slow, "");
  }

  function lost(problem) {
    wish.replaceChildren(GONE[problem.code] ?? problem.message, " ",
      problem.code === 401 ? el("a", { href: location.pathname }, "Sign in again") : el("a", { href: "/", "data-route": true }, "Begin a new job"));
    show(wish, true);
  }

  return { element, take, lost, fault: (text) => tell(wish, text) };
}
