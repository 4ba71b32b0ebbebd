// The way in.

import { logIn } from "../api.js";
import { el, say } from "../dom.js";

export function open(main, { words, entered }) {
  const problem = el("p", { class: "problem", role: "alert" });
  const field = el("input", {
    id: "token",
    type: "password",
    autocomplete: "current-password",
    spellcheck: "false",
    required: true,
    "aria-describedby": "how",
  });
  const form = el(
    "form",
    {
      onsubmit: async (event) => {
        event.preventDefault();
        try {
          await logIn(field.value.trim());
          entered();
        } catch (error) {
          say(problem, error.message);
          field.select();
        }
      },
    },
    el("img", { src: "/icon.svg", alt: "", width: 44, height: 44 }),
    el("h1", {}, "failsoft"),
    words && el("p", { class: "more", role: "status" }, words),
    el("label", { for: "token" }, "Admin token"),
    field,
    el("button", { class: "primary", type: "submit" }, "Log in"),
    problem,
    el(
      "p",
      { id: "how", class: "hint" },
      "On a terminal, ",
      el("code", {}, "failsoft serve"),
      " shows a link that opens this page once. For a team, set ",
      el("code", {}, "[server] admin_token"),
      ".",
    ),
  );
  main.replaceChildren(form);
  field.focus();
  return {};
}
