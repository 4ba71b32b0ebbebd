// A call on a time line: one lane for each attempt, waits between them, and what went to the client.

import { el, sign, svg } from "./dom.js";
import { kind, plain, span } from "./words.js";

const WIDTH = 1000;
const HEIGHT = 16;
const ENDS = { succeeded: "well", failed: "cross", cancelled: "off" };
const WORDS = { connect: "connecting", wait: "waiting for first content", content: "content", pause: "waiting" };

/** What an attempt did when, in milliseconds since the call began. */
function segments(attempt, whole) {
  const start = attempt.started_ms ?? 0;
  const end = attempt.took_ms == null ? whole : start + attempt.took_ms;
  const at = (ms) => (ms == null ? null : Math.min(end, start + ms));
  const connected = at(attempt.connected_ms);
  const content = at(attempt.first_content_ms);
  const parts = [];
  let from = start;
  const until = (to, name) => {
    if (to != null && to > from) parts.push({ from, to, name });
    from = Math.max(from, to ?? from);
  };
  until(connected ?? (content == null ? null : start), "connect");
  until(content ?? end, "wait");
  if (content != null) until(end, "content");
  return { parts, start, end };
}

/** The drawing, and the same in words for those who cannot see it. */
export function lanes(story) {
  const whole = Math.max(1, story.took_ms ?? 0, ...story.attempts.map(({ started_ms, took_ms }) => (started_ms ?? 0) + (took_ms ?? 0)));
  const x = (ms) => (Math.min(ms, whole) / whole) * WIDTH;
  const waits = story.timeline.filter(({ what, took_ms }) => what === "waiting" && took_ms > 0);
  const rows = story.attempts.map((attempt) => lane(attempt, { story, whole, x }));
  for (const wait of waits) rows.push(pause(wait, x));
  rows.sort((a, b) => a.at - b.at);
  return el(
    "section",
    { class: "panel lanes", "aria-labelledby": "lanes-title" },
    el("div", { class: "panel-head" }, el("h2", { id: "lanes-title" }, "Time line"), legend()),
    el("ol", {}, rows.map(({ node }) => node)),
    el("div", { class: "lane-ticks", "aria-hidden": "true" }, [0, 0.25, 0.5, 0.75, 1].map((part) => el("span", {}, part ? span(whole * part) : "0"))),
  );
}

function lane(attempt, { story, whole, x }) {
  const { parts, start, end } = segments(attempt, whole);
  const failed = attempt.outcome === "failed";
  const answered = attempt.ordinal === story.answer_ordinal && !failed;
  const boxes = parts.map(({ from, to, name }) => svg("rect", { class: name, x: x(from), width: Math.max(1.5, x(to) - x(from)), y: 2, height: HEIGHT - 4 }));
  const commit = attempt.committed_ms != null && svg("rect", { class: "commit", x: x(attempt.committed_ms), width: 2.5, y: 0, height: HEIGHT });
  // A whole answer comes at once; its end is shown all the same.
  if (attempt.outcome === "succeeded") boxes.push(svg("rect", { class: "content", x: x(end) - 4, width: 4, y: 2, height: HEIGHT - 4 }));
  const words = [plain(attempt.why), failed ? kind(attempt.kind) : attempt.outcome === "cancelled" ? `stopped${attempt.cancel_reason ? `: ${plain(attempt.cancel_reason)}` : ""}` : answered ? "answered" : plain(attempt.outcome ?? "end not seen")];
  const spoken = `from ${span(start)} to ${span(end)}: ${parts.map(({ from, to, name }) => `${WORDS[name]} ${span(to - from)}`).join(", ")}`;
  const node = el(
    "li",
    { class: `lane ${attempt.outcome ?? ""}` },
    el("span", { class: "who" }, sign(ENDS[attempt.outcome] ?? "off"), el("span", { class: "name" }, attempt.target ?? "?"), el("span", { class: "did" }, words.filter(Boolean).join(" · "))),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": spoken }, svg("rect", { class: "ground", width: WIDTH, height: HEIGHT }), boxes, commit),
    el("span", { class: "n took" }, span(attempt.took_ms)),
  );
  return { at: start, node };
}

function pause({ at_ms, took_ms, reason, target }, x) {
  const node = el(
    "li",
    { class: "lane pause" },
    el("span", { class: "who" }, sign("note"), el("span", { class: "name" }, `wait: ${plain(reason ?? "")}`), el("span", { class: "did" }, target ? `for ${target}` : "")),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `waited ${span(took_ms)} from ${span(at_ms)}` }, svg("rect", { class: "ground", width: WIDTH, height: HEIGHT }), svg("rect", { class: "pause", x: x(at_ms), width: Math.max(1.5, x(took_ms)), y: HEIGHT / 2 - 1.5, height: 3 })),
    el("span", { class: "n took" }, span(took_ms)),
  );
  return { at: at_ms, node };
}

function legend() {
  const names = [["connect", "connecting"], ["wait", "waiting for first content"], ["content", "content"], ["commit", "goes to the client"]];
  return el("ul", { class: "legend lanes-legend", "aria-hidden": "true" }, names.map(([id, words]) => el("li", { class: id }, words)));
}
