// Every value in force, and where it comes from.

import { read } from "../api.js";
import { el, head, say, set } from "../dom.js";
import { count, counted } from "../words.js";

export function open(main, { failed }) {
  const stopped = new AbortController();
  const body = el("div", { class: "stack", "aria-busy": "true" }, el("p", { class: "hint" }, "Reading the settings…"));
  main.replaceChildren(el("div", { class: "page-head" }, el("h1", {}, "Settings in force")), body);
  read("/api/settings", stopped.signal)
    .then((page) => {
      body.replaceChildren(...tell(page));
      set(body, "aria-busy", "false");
    })
    .catch((error) => failed(error, body));
  return { close: () => stopped.abort() };
}

/** A value in a line. */
export function setting({ path, value, ...from }) {
  return el("tr", { "data-from": from.from }, el("th", { scope: "row" }, path), el("td", { class: "value", "data-label": "Value" }, value), el("td", { class: "from", "data-label": "From" }, origin(from)));
}

/** Values, a line each. */
export function table(rows) {
  return el("table", { class: "cards values" }, head(["Setting", "Value", "From"]), el("tbody", {}, rows));
}

/** Where a value comes from, in words. */
function origin({ from, line, variable }) {
  if (from === "built_in") return "built in";
  if (from === "variable") return `$${variable}`;
  return from === "policy" ? `policy, line ${line}` : `line ${line}`;
}

export function section(title, ...children) {
  return el("section", { class: "panel", "aria-label": title }, el("div", { class: "panel-head" }, el("h2", {}, title)), ...children);
}

function tell({ file, generation, problems, values }) {
  const found = el("span", { class: "hint", role: "status" });
  const rows = values.map(({ path, value, ...from }) => {
    const row = setting({ path, value, ...from });
    return { row, text: `${path} ${value}`.toLowerCase(), written: from.from !== "built_in" };
  });
  const field = el("input", { type: "search", autocomplete: "off", spellcheck: "false", "aria-label": "Find a setting", placeholder: "Find a setting", oninput: () => sift() });
  const only = el("input", { type: "checkbox", onchange: () => sift() });
  const sift = () => {
    const wanted = field.value.trim().toLowerCase();
    const shown = rows.filter(({ row, text, written }) => {
      const fits = text.includes(wanted) && (!only.checked || written);
      row.hidden = !fits;
      return fits;
    });
    say(found, shown.length === rows.length ? counted(rows.length, "value") : `${count(shown.length)} of ${counted(rows.length, "value")}`);
  };
  sift();
  const about = [
    el("p", {}, file ? ["Read from ", el("code", {}, file), `, ${generation === 1 ? "once" : `${count(generation)} times`} since the start. Secrets are hidden.`] : "Made from the keys in the environment. Secrets are hidden."),
    ...problems.map((words) => el("p", { class: "problem", role: "alert" }, `The file as it is now cannot be used; the old settings stay in force. ${words}`)),
  ];
  return [...about, el("div", { class: "search slim", role: "search", "aria-label": "Settings" }, field, el("label", { class: "check" }, only, "Only what somebody wrote"), found), el("section", { class: "panel", "aria-label": "Values" }, table(rows.map(({ row }) => row)))];
}
