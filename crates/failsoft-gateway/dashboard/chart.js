// Small drawings. Each comes with its words.

import { el, head, keep, say, set, svg } from "./dom.js";
import { VERDICTS, clock, count, counted } from "./words.js";

const HEIGHT = 100;
/** What stands in a column, from the bottom up. */
const PILED = ["failed", "degraded", "cancelled", "resumed", "served"];
const PLACES = Object.fromEntries(Object.keys(VERDICTS).map((name, place) => [name, place]));

/** Calls of the last quarter of an hour, in columns; what was lost is marked below as well. */
export class CallsChart {
  #bars = svg("g", {});
  #marks = svg("g", {});
  #top = el("span", { class: "most" });
  #readout = el("p", { class: "readout", "aria-hidden": "true" });
  #cursor = svg("rect", { class: "cursor", y: 0, height: HEIGHT + 10, width: 1, hidden: true });
  #rows = el("tbody", {});
  #picture;
  #data = null;
  #at = null;

  constructor() {
    this.#picture = svg(
      "svg",
      { class: "columns", preserveAspectRatio: "none", role: "img", "aria-label": "Calls", tabindex: 0 },
      svg("path", { class: "rule", d: `M0 .5h1000M0 ${HEIGHT / 2}h1000M0 ${HEIGHT}h1000` }),
      this.#cursor,
      this.#bars,
      this.#marks,
    );
    this.#picture.addEventListener("pointermove", (event) => {
      if (!this.#data) return;
      const box = this.#picture.getBoundingClientRect();
      this.#point(Math.floor(((event.clientX - box.left) / box.width) * this.#data.most));
    });
    this.#picture.addEventListener("pointerleave", () => this.#point(null));
    this.#picture.addEventListener("blur", () => this.#point(null));
    this.#picture.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || !this.#data) return;
      event.preventDefault();
      const from = this.#at ?? this.#data.most;
      this.#point(Math.min(this.#data.most - 1, Math.max(0, from + step)));
    });
    const table = el(
      "table",
      {},
      head(["Minute", "Calls", ...Object.values(VERDICTS).map(([, words]) => words)]),
      this.#rows,
    );
    this.node = el(
      "figure",
      { class: "calls-chart" },
      el("div", { class: "plot" }, this.#top, this.#picture),
      el("div", { class: "ticks", "aria-hidden": "true" }, ["15 min ago", "10", "5", "now"].map((words) => el("span", {}, words))),
      this.#readout,
      el("details", {}, el("summary", {}, "As a table"), el("div", { class: "scroll" }, table)),
    );
  }

  update({ columns, outcomes }, at_ms) {
    const { calls, most, step_s } = columns;
    this.#data = { calls, most, step_s, at_ms };
    const sums = calls.map((column) => column.reduce((sum, n) => sum + n, 0));
    const highest = Math.max(4, ...sums);
    set(this.#picture, "viewBox", `0 0 ${most} ${HEIGHT + 10}`);
    say(this.#top, `${count(Math.round((highest / step_s) * 10) / 10)} calls/s`);
    const offset = most - calls.length;
    const bars = [];
    const marks = [];
    calls.forEach((column, place) => {
      let y = HEIGHT;
      for (const name of PILED) {
        const n = column[PLACES[name]];
        if (!n) continue;
        const height = Math.max((n / highest) * (HEIGHT - 2), name === "failed" || name === "degraded" ? 2 : 0.6);
        y -= height;
        bars.push({ id: `${name}-${place + offset}`, name, x: offset + place + 0.1, y, height, width: 0.8 });
      }
      const lost = column[PLACES.failed] > 0;
      if (lost || column[PLACES.degraded] > 0) {
        marks.push({ id: place + offset, name: lost ? "failed" : "degraded", x: offset + place, y: HEIGHT + 4, height: 6, width: 1 });
      }
    });
    const draw = (node, { name, x, y, height, width }) => {
      for (const [key, value] of Object.entries({ class: name, x, y, height, width })) set(node, key, value);
    };
    keep(this.#bars, bars, ({ id }) => id, () => svg("rect", {}), draw);
    keep(this.#marks, marks, ({ id }) => id, () => svg("rect", {}), draw);
    const all = Object.values(outcomes).reduce((sum, n) => sum + n, 0);
    set(
      this.#picture,
      "aria-label",
      `Calls of the last 15 minutes: ${counted(all, "call")}, ${count(outcomes.failed)} lost, ${count(outcomes.degraded)} degraded, ${count(outcomes.resumed)} resumed. Arrow keys read single columns; a table follows.`,
    );
    this.#table();
    if (this.#at != null) this.#point(this.#at);
  }

  #point(at) {
    this.#at = at;
    set(this.#cursor, "hidden", at == null);
    if (at == null || !this.#data) return say(this.#readout, "");
    set(this.#cursor, "x", at);
    const { calls, most, step_s, at_ms } = this.#data;
    const column = calls[at - (most - calls.length)];
    const when = clock(at_ms - (most - at) * step_s * 1000);
    const words = column ? this.#words(column) : "nothing was counted yet";
    say(this.#readout, `${when}, ${step_s} s: ${words}`);
    set(this.#readout, "aria-hidden", null);
    set(this.#readout, "aria-live", "polite");
  }

  #words(column) {
    const parts = Object.entries(PLACES).filter(([, place]) => column[place] > 0);
    if (parts.length === 0) return "no calls";
    return parts.map(([name, place]) => `${count(column[place])} ${VERDICTS[name][1]}`).join(", ");
  }

  #table() {
    const { calls, step_s, at_ms } = this.#data;
    const per = 60 / step_s;
    const minutes = [];
    for (let end = calls.length; end > 0; end -= per) {
      const columns = calls.slice(Math.max(0, end - per), end);
      const sums = Object.values(PLACES).map((place) => columns.reduce((sum, column) => sum + column[place], 0));
      minutes.push([clock(at_ms - (calls.length - end) * step_s * 1000), sums.reduce((a, b) => a + b, 0), ...sums]);
    }
    keep(
      this.#rows,
      minutes,
      (_row) => minutes.indexOf(_row),
      () => el("tr", {}, minutes[0].map((_, place) => el(place ? "td" : "th", place ? {} : { scope: "row" }))),
      (row, cells) => [...row.children].forEach((cell, place) => say(cell, place ? count(cells[place]) : cells[place])),
    );
  }
}

/** Attempts at one target over time: all of them, and the failed ones in front. */
export class Spark {
  #all = svg("path", { class: "all" });
  #failed = svg("path", { class: "failed" });

  constructor() {
    this.node = svg("svg", { class: "spark", viewBox: "0 0 60 20", preserveAspectRatio: "none", "aria-hidden": "true" }, this.#all, this.#failed);
  }

  update(columns, most) {
    const width = 60;
    const group = Math.ceil(most / width);
    const cells = [];
    for (let end = columns.length; end > 0; end -= group) {
      const part = columns.slice(Math.max(0, end - group), end);
      cells.unshift([0, 1].map((n) => part.reduce((sum, column) => sum + column[n], 0)));
    }
    const highest = Math.max(1, ...cells.map(([all]) => all));
    const path = (n) =>
      cells
        .map((cell, place) => [width - cells.length + place, cell[n] && Math.max(1.5, (cell[n] / highest) * 20)])
        .filter(([, height]) => height > 0)
        .map(([x, height]) => `M${x} 20v${-height.toFixed(2)}h.8V20z`)
        .join("");
    set(this.#all, "d", path(0));
    set(this.#failed, "d", path(1));
  }
}

/** How much of something is in use or left, as a bar. The number stands beside it. */
export class Meter {
  #bar = svg("rect", { class: "part", x: 0, y: 0, height: 4 });

  constructor() {
    this.node = svg("svg", { class: "meter", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "whole", width: 100, height: 4 }), this.#bar);
  }

  update(milli, kind = "") {
    set(this.#bar, "width", Math.min(100, Math.max(0, milli / 10)));
    set(this.#bar, "class", `part ${kind}`);
  }
}
