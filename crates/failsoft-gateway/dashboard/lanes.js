// A call on a time line: one lane for each attempt, waits between them, and what went to the client.

import { el, sign, svg } from "./dom.js";
import { ending, kind, plain, span } from "./words.js";

const WIDTH = 1000;
const HEIGHT = 16;
const WORDS = {
  connecting: "connecting",
  waiting: "waiting for first content",
  held: "content held back",
  content: "content to the client",
  unused: "content that went to nobody",
};

/** The drawing, and the same in words for those who cannot see it. */
export function lanes(story) {
  const ends = [...story.lanes.flatMap(({ segments }) => segments), ...story.pauses].map(({ end_ms }) => end_ms);
  const whole = Math.max(1, story.took_ms ?? 0, ...ends);
  const x = (ms) => (Math.min(ms, whole) / whole) * WIDTH;
  const rows = [...story.lanes.map((lane) => row(lane, story, x)), ...story.pauses.map((part) => pause(part, x))];
  rows.sort((a, b) => a.at - b.at);
  return el(
    "section",
    { class: "panel lanes", "aria-labelledby": "lanes-title" },
    el("div", { class: "panel-head" }, el("h2", { id: "lanes-title" }, "Time line"), legend(story.lanes)),
    el("ol", {}, rows.map(({ node }) => node)),
    el("div", { class: "lane-ticks", "aria-hidden": "true" }, [0, 0.25, 0.5, 0.75, 1].map((part) => el("span", {}, part ? span(whole * part) : "0"))),
  );
}

function row({ ordinal, target, why, outcome, committed_ms, segments }, story, x) {
  const attempt = story.attempts.find((one) => one.ordinal === ordinal) ?? {};
  const [start, end] = [segments[0]?.start_ms ?? attempt.started_ms ?? 0, segments.at(-1)?.end_ms ?? attempt.started_ms ?? 0];
  const boxes = segments.map((part) => svg("rect", { class: `part-${part.kind}`, x: x(part.start_ms), width: Math.max(1.5, x(part.end_ms) - x(part.start_ms)), y: 2, height: HEIGHT - 4 }));
  // A whole answer comes at once; its end is shown all the same.
  if (outcome === "succeeded") boxes.push(svg("rect", { class: "part-content", x: x(end) - 4, width: 4, y: 2, height: HEIGHT - 4 }));
  const commit = committed_ms != null && svg("rect", { class: "part-commit", x: x(committed_ms), width: 2.5, y: 0, height: HEIGHT });
  const ended = {
    failed: () => kind(attempt.kind),
    cancelled: () => `stopped${attempt.cancel_reason ? `: ${plain(attempt.cancel_reason)}` : ""}`,
    succeeded: () => (ordinal === story.answer_ordinal ? "answered" : "whole, not needed"),
  };
  const words = [plain(why), ended[outcome]?.() ?? "its end was not seen"];
  const spoken = `from ${span(start)} to ${span(end)}: ${segments.map((part) => `${WORDS[part.kind]} ${span(part.end_ms - part.start_ms)}`).join(", ")}`;
  const node = el(
    "li",
    { class: `lane ended-${outcome ?? "unseen"}` },
    el("span", { class: "who" }, sign(ending(outcome)), el("span", { class: "name" }, target ?? "?"), el("span", { class: "did" }, words.filter(Boolean).join(" · "))),
    drawing(spoken, ...boxes, commit),
    el("span", { class: "n took" }, span(end - start)),
  );
  return { at: start, node };
}

function pause({ start_ms, end_ms }, x) {
  const took = span(end_ms - start_ms);
  const node = el(
    "li",
    { class: "lane" },
    el("span", { class: "who" }, sign("note"), el("span", { class: "name" }, "waiting"), el("span", { class: "did" }, "no attempt was on its way")),
    drawing(`waited ${took} from ${span(start_ms)}`, svg("rect", { class: "part-pause", x: x(start_ms), width: Math.max(1.5, x(end_ms) - x(start_ms)), y: HEIGHT / 2 - 1.5, height: 3 })),
    el("span", { class: "n took" }, took),
  );
  return { at: start_ms, node };
}

function drawing(spoken, ...parts) {
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": spoken }, svg("rect", { class: "ground", width: WIDTH, height: HEIGHT }), ...parts);
}

/** What the lanes show, and nothing else. */
function legend(all) {
  const shown = new Set(all.flatMap(({ segments }) => segments.map((part) => part.kind)));
  const names = Object.entries(WORDS).filter(([name]) => shown.has(name));
  return el("ul", { class: "legend", "aria-hidden": "true" }, names.map(([name, words]) => el("li", { class: `part-${name}` }, words)));
}
