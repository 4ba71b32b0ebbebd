// One call, explained: what came of it, its attempts on a time line, and every decision with its grounds.

import { read } from "../api.js";
import { el, head, set, sign } from "../dom.js";
import { lanes } from "../lanes.js";
import { ago, clock, count, counted, ending, kind, money, plain, span, verdict } from "../words.js";

export function open(main, { rest, failed }) {
  const stopped = new AbortController();
  const body = el("div", { class: "stack", "aria-busy": "true" }, el("p", { class: "hint" }, "Reading the record…"));
  main.replaceChildren(el("p", { class: "back" }, el("a", { href: "#/calls" }, "← Calls")), body);
  read(`/api/calls/${encodeURIComponent(rest)}`, stopped.signal)
    .then((story) => {
      body.replaceChildren(...tell(story));
      set(body, "aria-busy", "false");
      document.title = `Call ${story.call} – failsoft`;
    })
    .catch((error) => failed(error, body));
  return { close: () => stopped.abort() };
}

function tell(story) {
  return [headline(story), facts(story), story.lanes.length > 0 && lanes(story), happened(story), attempts(story)].filter(Boolean);
}

function headline(story) {
  const [shape, word] = verdict(story.verdict);
  const last = story.attempts.at(-1);
  const answered = story.attempts.find(({ ordinal }) => ordinal === story.answer_ordinal);
  const made = counted(story.attempts.length, "attempt");
  const titles = {
    served: `Served by ${answered?.target ?? "a target"}`,
    resumed: `Served; its stream broke and was continued by ${answered?.target ?? "another attempt"}`,
    degraded: "Answered with the operator's text",
    failed: `Lost: ${kind(story.kind)}`,
    cancelled: "The client left before the end",
  };
  const more = story.verdict === "served" && story.attempts.length === 1 ? "by its first attempt" : `after ${made}`;
  const failures = story.attempts.filter(({ outcome }) => outcome === "failed").map(({ target, kind: of }) => `${target}: ${kind(of)}`);
  return el(
    "section",
    { class: "headline", "aria-label": "In short" },
    el("span", { class: "big-sign" }, sign(shape)),
    el(
      "div",
      {},
      el("h1", {}, titles[story.verdict] ?? word),
      el("p", { class: "more" }, [`${more}, ${span(story.took_ms)}`, ...new Set(failures)].join(" · "), last ? "" : " · no target could be asked"),
    ),
  );
}

function facts(story) {
  const copied = el("span", { class: "unseen", role: "status" });
  const copy = el(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: () =>
        navigator.clipboard?.writeText(story.call).then(() => {
          copied.textContent = "Copied";
          copy.textContent = "Copied";
        }),
    },
    "Copy",
  );
  const rows = [
    ["Call", [el("code", {}, story.call), " ", copy, copied]],
    ["Came", [el("time", { datetime: story.started_at }, clock(story.started_unix_ms)), `, ${ago(story.started_unix_ms)}`]],
    ["Route", story.route],
    ["Model asked for", story.model],
    ["Dialect", [plain(story.dialect), story.delivery && `, ${plain(story.delivery)}`]],
    ["Status", String(story.status)],
    ["First content", span(story.first_content_ms)],
    ["Waited between attempts", span(story.waited_ms)],
    ["Deadline", span(story.deadline_ms)],
    ["Attempts allowed", story.max_attempts],
    ["Client", story.client],
    ["Client tried before", story.client_retries ? counted(story.client_retries, "time") : null],
    ["Tag", story.tag],
    ["Request", `${count(story.request_bytes)} bytes`],
    ["Trace", story.trace_id && el("code", {}, story.trace_id)],
    ["Prompt", story.prompt_tokens ? `about ${count(story.prompt_tokens)} tokens` : null],
    ["Cost", story.cost_nanos != null ? money(story.cost_nanos) : null],
    ["Of it in vain", story.cost_in_vain_nanos ? money(story.cost_in_vain_nanos) : null],
    ["Tokens in vain", story.tokens_in_vain ? count(story.tokens_in_vain) : null],
  ];
  const shown = rows.filter(([, value]) => value != null && value !== "" && value !== false);
  return el("dl", { class: "facts panel" }, shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

const SIGNS = {
  attempt_started: "note",
  attempt_ended: "well",
  committed: "well",
  barred: "warn",
  refused: "warn",
  waiting: "probe",
  breaker: "probe",
  throttled: "warn",
  key_disabled: "bad",
  model_disabled: "bad",
};

function happened(story) {
  // What was refused stands under what was decided instead.
  const under = (place) => story.timeline.filter(({ instead }) => instead === place);
  const items = story.timeline.map((moment, place) => (moment.instead != null ? null : item(moment, under(place), story)));
  return el(
    "section",
    { class: "panel", "aria-labelledby": "what-title" },
    el("div", { class: "panel-head" }, el("h2", { id: "what-title" }, "What happened, and why")),
    el("ol", { class: "happened" }, items),
  );
}

function item(moment, refused, story) {
  const ended = moment.what === "attempt_ended" && story.attempts.find(({ ordinal }) => ordinal === moment.ordinal);
  const shape = ended ? ending(ended.outcome) : SIGNS[moment.what] ?? "note";
  const at = moment.at_ms < 1 ? "0 ms" : `+${span(moment.at_ms)}`;
  const instead = refused.length > 0 && el("ul", { class: "refused" }, refused.map((one) => el("li", {}, one.says, because(one))));
  return el("li", { class: moment.what }, el("span", { class: "n at" }, at), sign(shape), el("div", { class: "says" }, moment.says, because(moment), instead));
}

const because = (moment) => moment.because && el("span", { class: "grounds" }, moment.because);

function attempts(story) {
  if (story.attempts.length === 0) return null;
  const names = ["Attempt", "Target", "Why", "Outcome", "Status, code", "Connected", "Headers", "First content", "Took", "Tokens in / out", "Cost"];
  return el(
    "section",
    { class: "panel", "aria-labelledby": "attempts-title" },
    el("div", { class: "panel-head" }, el("h2", { id: "attempts-title" }, "Attempts")),
    el("table", { class: "cards" }, head(names), el("tbody", {}, story.attempts.map(attemptRow))),
  );
}

function attemptRow(attempt) {
  const cell = (label, value, type = "n") => el("td", { class: type, "data-label": label }, value);
  const tokens = attempt.input_tokens == null && attempt.output_tokens == null ? "–" : `${count(attempt.input_tokens ?? 0)} / ${count(attempt.output_tokens ?? 0)}`;
  const said = [attempt.status, attempt.code].filter((value) => value != null).join(", ");
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, `${attempt.ordinal + 1}`),
    cell("Target", [attempt.target ?? "?", attempt.credential && el("span", { class: "key" }, `key ${attempt.credential}`)], ""),
    cell("Why", plain(attempt.why ?? "–"), ""),
    cell("Outcome", [attempt.outcome === "failed" ? kind(attempt.kind) : plain(attempt.outcome ?? "not seen to end"), attempt.words && el("span", { class: "said" }, attempt.words)], ""),
    cell("Status, code", said || "–", ""),
    cell("Connected", span(attempt.connected_ms)),
    cell("Headers", span(attempt.headers_ms)),
    cell("First content", span(attempt.first_content_ms)),
    cell("Took", span(attempt.took_ms)),
    cell("Tokens in / out", tokens),
    cell("Cost", attempt.cost_nanos != null ? [money(attempt.cost_nanos), attempt.in_vain && el("span", { class: "key" }, "in vain")] : "–"),
  );
}
