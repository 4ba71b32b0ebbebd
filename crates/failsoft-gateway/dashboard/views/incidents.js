// Failures of one kind at one target, joined to a span: when, how many, and what users lost.

import { read } from "../api.js";
import { el, set, sign, svg } from "../dom.js";
import { ago, count, counted, kind, minute, share, span } from "../words.js";

const SPANS = [[1, "hour"], [24, "day"], [168, "week"]];

export function open(main, { query, failed }) {
  const asked = Number(query.get("hours"));
  const hours = SPANS.some(([h]) => h === asked) ? asked : 24;
  const stopped = new AbortController();
  const list = el("div", { class: "stack", "aria-busy": "true" }, el("p", { class: "hint" }, "Reading the record…"));
  const links = SPANS.map(([h, words]) => el("a", { href: `#/incidents?hours=${h}`, "aria-current": h === hours ? "true" : null }, words));
  main.replaceChildren(
    el("div", { class: "page-head" }, el("h1", {}, "Incidents"), el("nav", { class: "switch", "aria-label": "How far back" }, links)),
    list,
  );
  let next = null;
  const look = () =>
    read(`/api/incidents?hours=${hours}`, stopped.signal)
      .then((page) => {
        list.replaceChildren(...tell(page, hours));
        set(list, "aria-busy", "false");
      })
      .catch((error) => failed(error, list))
      .finally(() => {
        // A long record takes longer to read than this: one question at a time.
        if (!stopped.signal.aborted) next = setTimeout(look, 5000);
      });
  look();
  return {
    close() {
      clearTimeout(next);
      stopped.abort();
    },
  };
}

function tell({ open, over, whole }, hours) {
  const now = Date.now();
  const all = [...open, ...over];
  if (all.length === 0) {
    return [
      el(
        "div",
        { class: "empty" },
        sign("well"),
        el("h2", {}, "No incidents"),
        el("p", {}, `In the last ${hours === 1 ? "hour" : `${hours} hours`} no kind of failure stood out at any target. Single failures are found under `, el("a", { href: "#/calls?eventful=true" }, "Calls"), "."),
      ),
    ];
  }
  const parts = [];
  if (!whole) parts.push(el("p", { class: "hint" }, "There were too many calls to read them all: choose a shorter time."));
  parts.push(section("Open", open, { now, hours }, "Nothing is going on now."));
  parts.push(section("Over", over, { now, hours }, "Nothing else happened."));
  return parts;
}

function section(title, incidents, frame, nothing) {
  const body = incidents.length ? el("ol", { class: "incidents" }, incidents.map((incident) => card(incident, frame))) : el("p", { class: "hint" }, nothing);
  return el("section", { class: "panel", "aria-label": title }, el("div", { class: "panel-head" }, el("h2", {}, title), el("span", { class: "hint" }, count(incidents.length))), body);
}

function card(incident, { now, hours }) {
  const { target, kind: of, since_ms, until_ms, failures, attempts, lost, open } = incident;
  const end = open ? now : until_ms;
  const when = `${minute(since_ms)}–${open ? "now" : minute(until_ms)}`;
  const calls = new URLSearchParams({ target, kind: of, since_ms, until_ms: end + 1000 });
  return el(
    "li",
    {},
    el("span", { class: "what" }, sign(open ? "bad" : "off"), el("a", { href: `#/calls?${calls}` }, target), el("strong", {}, kind(of))),
    el("span", { class: "when" }, `${when} (${span(end - since_ms)}), ${open ? `began ${ago(since_ms, now)}` : ago(until_ms, now)}`),
    el("span", { class: "much" }, `${counted(failures, "attempt")} failed, ${share(failures, attempts)} of all there`),
    el("span", { class: "cost", "data-kind": lost ? "bad" : null }, lost ? `${counted(lost, "call")} lost` : "no call lost"),
    extent(since_ms, end, now, hours),
  );
}

/** Where in the time looked at it lay. */
function extent(since, until, now, hours) {
  const whole = hours * 3_600_000;
  const at = (ms) => Math.max(0, 1000 - ((now - ms) / whole) * 1000);
  const x = at(since);
  return svg(
    "svg",
    { class: "extent", viewBox: "0 0 1000 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "whole", width: 1000, height: 6 }),
    svg("rect", { class: "part", x, width: Math.max(4, at(until) - x), height: 6 }),
  );
}
