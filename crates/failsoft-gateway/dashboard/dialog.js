// A question before something is done: what will happen, and a way back.

import { Refused, change } from "./api.js";
import { el, say } from "./dom.js";

/** Asks, and does it if the answer is yes. Resolves to whether it was done. */
export function confirm({ title, happens, verb, danger, path, body }) {
  return new Promise((resolve) => {
    const problem = el("p", { class: "problem", role: "alert" });
    const yes = el("button", { class: danger ? "danger" : "primary", type: "submit" }, verb);
    const no = el("button", { type: "button", autofocus: true, onclick: () => box.close() }, "Cancel");
    let done = false;
    const form = el(
      "form",
      {
        method: "dialog",
        onsubmit: async (event) => {
          event.preventDefault();
          yes.disabled = true;
          try {
            await change(path, body);
            done = true;
            box.close();
          } catch (error) {
            if (!(error instanceof Refused)) throw error;
            say(problem, error.message);
            yes.disabled = false;
          }
        },
      },
      el("h2", { id: "question" }, title),
      el("p", {}, "What will happen:"),
      el("ul", {}, happens.map((words) => el("li", {}, words))),
      problem,
      el("div", { class: "choices" }, no, yes),
    );
    const box = el("dialog", { "aria-labelledby": "question" }, form);
    box.addEventListener("close", () => {
      box.remove();
      resolve(done);
    });
    document.body.append(box);
    box.showModal();
  });
}
