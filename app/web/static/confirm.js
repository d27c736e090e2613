// A question that must be answered before something goes for good.

import { el } from "./dom.js";

/** Resolves to true where the reader agrees; Escape and the other button mean no. */
export function confirmed(question, consequence, yes) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" },
      el("form", { method: "dialog" },
        el("h2", { id: "confirm-title" }, question),
        el("p", { id: "confirm-text" }, consequence),
        el("div.buttons", {}, el("button.danger", { value: "yes" }, yes), el("button", { value: "no", autofocus: true }, "Keep it"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
