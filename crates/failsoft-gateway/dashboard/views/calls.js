// Calls of the record, looked for by what is known of them.

import { read } from "../api.js";
import { el, head, set, sign } from "../dom.js";
import { VERDICTS, clock, ending, kind, kinds, span, verdict } from "../words.js";

const FIELDS = ["id", "tag", "target", "route", "kind", "verdict", "eventful", "since_ms", "until_ms"];

export function open(main, { query, live, failed }) {
  const stopped = new AbortController();
  const asked = new URLSearchParams([...query].filter(([name, value]) => FIELDS.includes(name) && value));
  const form = fields(asked, live.snapshot);
  const results = el("div", { "aria-busy": "true" }, el("p", { class: "hint" }, "Reading the record…"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    for (const name of ["since_ms", "until_ms"]) if (asked.has(name)) wanted.set(name, asked.get(name));
    const next = `#/calls?${wanted}`;
    if (next === location.hash) look();
    else location.hash = next;
  });
  form.addEventListener("change", (event) => event.target.matches("select, [type=checkbox]") && form.requestSubmit());
  main.replaceChildren(el("div", { class: "page-head" }, el("h1", {}, "Calls")), form, ...bounds(asked), results);
  const look = () =>
    read(`/api/calls?${asked}`, stopped.signal)
      .then((page) => {
        results.replaceChildren(...tell(page, asked));
        set(results, "aria-busy", "false");
      })
      .catch((error) => failed(error, results));
  look();
  return { close: () => stopped.abort() };
}

function fields(asked, snapshot) {
  const text = (name, words, type = "text") => {
    const names = name === "target" ? snapshot?.targets : name === "route" ? snapshot?.routes : null;
    const known = names && el("datalist", { id: `known-${name}` }, [...new Set(names.map((one) => one.name))].map((value) => el("option", { value })));
    return el("label", {}, words, el("input", { name, type, value: asked.get(name), autocomplete: "off", spellcheck: "false", list: known ? `known-${name}` : null }), known);
  };
  const choice = (name, words, options) =>
    el("label", {}, words, el("select", { name }, el("option", { value: "" }, "any"), options.map(([value, shown]) => el("option", { value, selected: asked.get(name) === value }, shown))));
  return el(
    "form",
    { class: "search", role: "search", "aria-label": "Calls" },
    text("id", "Call id begins with", "search"),
    text("tag", "Tag"),
    text("target", "Target"),
    text("route", "Route"),
    choice("kind", "Failure", kinds().map((name) => [name, kind(name)])),
    choice("verdict", "Verdict", Object.entries(VERDICTS).map(([name, [, words]]) => [name, words])),
    el("label", { class: "check" }, el("input", { type: "checkbox", name: "eventful", value: "true", checked: asked.get("eventful") === "true" }), "Only eventful"),
    el("div", { class: "go" }, el("button", { class: "primary", type: "submit" }, "Search"), el("a", { href: "#/calls" }, "Clear")),
  );
}

/** A stretch of time that came with the link; it can be let go. */
function bounds(asked) {
  const [since, until] = ["since_ms", "until_ms"].map((name) => asked.has(name) && clock(Number(asked.get(name))));
  if (!since && !until) return [];
  const rest = new URLSearchParams(asked);
  rest.delete("since_ms");
  rest.delete("until_ms");
  return [el("p", { class: "hint" }, `Only calls ${since ? `from ${since}` : ""} ${until ? `to ${until}` : ""}. `, el("a", { href: `#/calls?${rest}` }, "All times"))];
}

function tell({ calls, more }, asked) {
  if (calls.length === 0) {
    const words = [...asked].length
      ? ["No call fits. Take something away, or ", el("a", { href: "#/calls" }, "look at all calls"), "."]
      : ["No call is recorded yet. Calls appear here within a second of their end."];
    return [el("div", { class: "empty" }, sign("note"), el("h2", {}, "No calls"), el("p", {}, words))];
  }
  const names = ["Time", "Call", "Route", "Verdict", "Attempts", "First content", "Took"];
  const table = el(
    "table",
    { class: "cards calls-table" },
    el("caption", { class: "unseen" }, "Calls, newest first. Up and down go from row to row."),
    head(names),
    el("tbody", {}, calls.map(row)),
  );
  return [el("section", { class: "panel", "aria-label": "Found" }, table), more && el("p", { class: "hint" }, "There are more; only the newest are shown. Narrow the search to see others.")].filter(Boolean);
}

function row(call) {
  const [shape, words] = verdict(call.verdict);
  return el(
    "tr",
    {},
    el("td", { class: "time", "data-label": "Time" }, el("time", { datetime: new Date(call.started_unix_ms).toISOString() }, clock(call.started_unix_ms))),
    el("th", { scope: "row" }, el("a", { href: `#/calls/${encodeURIComponent(call.call)}` }, call.call), call.tag && el("span", { class: "tag" }, call.tag)),
    el("td", { "data-label": "Route" }, call.route),
    el("td", { class: "state", "data-label": "Verdict" }, sign(shape), el("span", { class: "words" }, el("span", {}, words), call.kind && el("span", { class: "word-more" }, kind(call.kind)))),
    el("td", { class: "chain", "data-label": "Attempts" }, call.attempts.length ? el("ol", {}, call.attempts.map(step)) : el("span", { class: "word-more" }, "none: no target could be asked")),
    el("td", { class: "n", "data-label": "First content" }, span(call.first_content_ms)),
    el("td", { class: "n", "data-label": "Took" }, span(call.took_ms)),
  );
}

function step({ target, outcome, kind: of, why }) {
  const words = outcome === "failed" ? kind(of) : outcome ?? "not seen to end";
  return el("li", { title: `${why ?? ""} ${words}`.trim() }, sign(ending(outcome)), el("span", {}, target ?? "?"), el("span", { class: outcome === "failed" ? "word-more" : "unseen" }, words));
}
