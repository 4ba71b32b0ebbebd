// How everything is at this moment: first in one sentence, then in figures, then target by target.

import { CallsChart, Meter } from "../chart.js";
import { el, head, keep, resign, say, set, sign } from "../dom.js";
import { VERDICTS, clock, count, counted, kind, money, rate, share, span } from "../words.js";
import { MINUTE, Targets, condition, isIdle } from "./targets.js";

export function open(main, { live, announce }) {
  const page = new Now(announce);
  main.replaceChildren(page.node);
  const update = () => live.snapshot && page.update(live.snapshot);
  live.addEventListener("now", update);
  update();
  return { close: () => live.removeEventListener("now", update) };
}

class Now {
  #head = el("span", { class: "big-sign" }, sign("probe"));
  #title = el("h1", {}, "Waiting for the first figures");
  #more = el("p", { class: "more" }, "");
  #figures = {};
  #chart = new CallsChart();
  #targets = new Targets();
  #routes = el("tbody", {});
  #health = el("dl", { class: "health" });
  #incidents = el("ul", { class: "open-incidents" });
  #alarm = el("section", { class: "alarm", "aria-labelledby": "open-title", hidden: true }, el("h2", { id: "open-title" }, "Open incidents"), this.#incidents);
  #last = "";
  #announce;

  constructor(announce) {
    this.#announce = announce;
    const figure = (id, words, hint) => {
      const value = el("dd", {}, "–");
      const note = el("dd", { class: "note" }, hint ?? "");
      this.#figures[id] = { value, note };
      return el("div", { class: `figure ${id}` }, el("dt", {}, words), value, note);
    };
    this.node = el(
      "div",
      { class: "stack" },
      el("section", { class: "headline", "aria-label": "In short" }, this.#head, el("div", {}, this.#title, this.#more)),
      this.#alarm,
      el(
        "dl",
        { class: "figures", "aria-label": "Figures of the last 15 minutes" },
        figure("pace", "Calls"),
        figure("answered", "Answered"),
        figure("lost", "Lost"),
        figure("rescued", "Rescued"),
        figure("first", "First content"),
        figure("vain", "Failures cost"),
      ),
      el("section", { class: "panel", "aria-labelledby": "calls-title" }, el("div", { class: "panel-head" }, el("h2", { id: "calls-title" }, "Calls"), legend()), this.#chart.node),
      this.#targets.node,
      el(
        "div",
        { class: "pair" },
        el(
          "section",
          { class: "panel", "aria-labelledby": "routes-title" },
          el("div", { class: "panel-head" }, el("h2", { id: "routes-title" }, "Routes"), el("a", { href: "#/routes" }, "Policies")),
          el("table", { class: "cards routes-table" }, head(["Route", "Calls/s", "Answered", "First content p50 / p99", "Budgets left"]), this.#routes),
        ),
        el("section", { class: "panel", "aria-labelledby": "health-title" }, el("div", { class: "panel-head" }, el("h2", { id: "health-title" }, "Gateway")), this.#health),
      ),
    );
  }

  update(now) {
    this.#headline(now);
    this.#open(now.incidents);
    this.#strip(now);
    this.#chart.update(now.calls, now.at_ms);
    this.#targets.update(now);
    const used = now.routes.filter((route) => !route.name.endsWith("/*") || Object.values(route.outcomes).some(Boolean));
    keep(this.#routes, used, (route) => route.name, routeRow, updateRoute);
    this.#gateway(now);
  }

  #open(open) {
    this.#alarm.hidden = open.length === 0;
    keep(
      this.#incidents,
      open,
      ({ target, kind: of, since_ms }) => `${target} ${of} ${since_ms}`,
      ({ target, kind: of }) => {
        const query = new URLSearchParams({ target, kind: of });
        return el("li", {}, sign("bad"), el("a", { href: `#/calls?${query}` }, `${target}: ${kind(of)}`), el("span", {}));
      },
      (item, { since_ms, failures, lost }) =>
        say(item.lastChild, `since ${clock(since_ms)}, ${counted(failures, "attempt")} failed, ${lost ? counted(lost, "call") : "no call"} lost`),
    );
  }

  #headline(now) {
    const [kind, title, more] = headline(now);
    resign(this.#head, kind);
    say(this.#title, title);
    say(this.#more, more);
    // Numbers move every second; only another sentence is news to those who listen.
    const sentence = title.replace(/\d[\d,]*/g, "");
    if (this.#last && this.#last !== sentence) this.#announce(title);
    this.#last = sentence;
  }

  #strip({ calls, spend }) {
    const { served, resumed, degraded, failed, cancelled } = calls.outcomes;
    const ended = served + resumed + degraded + failed;
    const put = (id, value, note, kind) => {
      say(this.#figures[id].value, value);
      say(this.#figures[id].note, note);
      set(this.#figures[id].value.parentElement, "data-kind", kind);
    };
    put("pace", `${rate(calls.per_second)}/s`, `${counted(calls.in_flight, "call")} in flight`);
    put("answered", share(served + resumed, ended), `${count(served + resumed)} of ${count(ended)}`);
    put("lost", count(failed), degraded ? `${count(degraded)} more degraded` : cancelled ? `${counted(cancelled, "client")} left first` : `of ${counted(ended, "call")}`, failed ? "bad" : null);
    put("rescued", count(calls.rescues), resumed ? `${count(resumed)} mid-stream` : "by another attempt");
    const { p50_ms, p99_ms } = calls.first_content;
    put("first", span(p50_ms), `p99 ${span(p99_ms)}`);
    put("vain", money(spend.in_vain_nanos), "where prices are known");
  }

  #gateway(now) {
    const rows = [];
    const { journal } = now;
    if (now.journal_problem) rows.push(["bad", "Journal", `not kept: ${now.journal_problem}`]);
    else if (!journal) rows.push(["off", "Journal", "off"]);
    else {
      const dropped = journal.dropped_healthy + journal.dropped_failed;
      const kind = journal.failing ? "bad" : dropped ? "warn" : "well";
      const words = `${count(journal.written)} written, ${count(journal.queued)} waiting${dropped ? `, ${count(dropped)} dropped` : ""}`;
      rows.push([kind, "Journal", journal.failing ? `cannot be written now${journal.trouble ? ` (${journal.trouble})` : ""}; ${words}` : words]);
    }
    if (!now.counting) rows.push(["off", "Figures", "off: [server] metrics = false, so this page shows states alone"]);
    const { generation, problems } = now.settings;
    const settings = problems.length ? `the file cannot be used: ${problems[0]}` : `in force, read ${counted(generation, "time")}`;
    rows.push([problems.length ? "warn" : "well", "Settings", settings]);
    rows.push([now.phase === "serving" ? "well" : "warn", "Clients", now.phase === "serving" ? "let in" : `${now.phase}: no new calls`]);
    rows.push(["note", "Running", `for ${span(now.at_ms - now.started_ms)}, version ${now.version}`]);
    for (const exporter of now.exporters ?? []) rows.push([exporter.failing ? "warn" : "well", exporter.name, exporter.words]);
    keep(
      this.#health,
      rows,
      ([, name]) => name,
      ([, name]) => el("div", {}, el("dt", {}, el("span", {}), name), el("dd", {})),
      (row, [kind, , words]) => {
        resign(row.firstChild.firstChild, kind);
        say(row.lastChild, words);
      },
    );
  }
}

/** The worst that is true, in a sentence, and what it means for users. */
function headline({ phase, calls, targets }) {
  const last = calls.columns.calls.slice(-MINUTE);
  const sum = (place) => last.reduce((all, column) => all + column[place], 0);
  const [lostNow, degradedNow] = [sum(3), sum(2)];
  const { failed, degraded } = calls.outcomes;
  const all = Object.values(calls.outcomes).reduce((a, b) => a + b, 0);
  const lostWords = failed ? `${counted(failed, "call")} lost in the last 15 minutes` : "No call was lost in the last 15 minutes";
  const sick = [...new Map(targets.filter((target) => condition(target).troubled && !isIdle(target)).map((target) => [target.name, target])).values()];
  const names = sick.slice(0, 3).map(({ name }) => name);
  const list = `${names.join(", ")}${sick.length > 3 ? ` and ${sick.length - 3} more` : ""}`;
  const trouble = sick.length ? ` ${sick.length === 1 ? "One target is" : `${sick.length} targets are`} in trouble: ${list}.` : "";
  if (phase !== "serving") return ["warn", "Draining: no new calls are taken", `${counted(calls.in_flight, "call")} still in flight. Stop the process when there are none.`];
  const still = last.slice(-3).some((column) => column[3] > 0);
  if (lostNow && still) return ["bad", `Calls are being lost: ${count(lostNow)} in the last minute`, `${lostWords}.${trouble}`];
  if (lostNow) return ["warn", `${counted(lostNow, "call")} lost in the last minute, none just now`, `${lostWords}.${trouble}`];
  if (degradedNow) return ["warn", `Calls get lesser answers: ${count(degradedNow)} in the last minute`, `${count(degraded)} degraded in the last 15 minutes.${trouble}`];
  if (sick.length) return ["warn", sick.length === 1 ? `${sick[0].name} is in trouble; calls are answered elsewhere` : `${sick.length} targets are in trouble; calls are answered elsewhere`, `${lostWords}.${sick.length > 1 ? ` In trouble: ${list}.` : ""}`];
  if (all === 0) return ["note", "No calls in the last 15 minutes", "Point an SDK's base URL at this gateway; its calls appear here within a second."];
  return ["well", "Every call is being answered", `${lostWords}. All targets are well.`];
}

function legend() {
  const parts = Object.entries(VERDICTS);
  return el("ul", { class: "legend", "aria-hidden": "true" }, parts.map(([id, [, words]]) => el("li", { class: id }, words)));
}

const BUDGETS = ["retry", "failover", "resume"];

function routeRow({ name }) {
  const budget = (id) => {
    const meter = new Meter();
    const value = el("span", { class: "n" });
    const node = el("span", { class: "budget" }, el("span", { class: "of" }, id), meter.node, value);
    return Object.assign(node, { meter, value });
  };
  const row = el(
    "tr",
    {},
    el("th", { scope: "row" }, el("a", { href: `#/calls?${new URLSearchParams({ route: name })}` }, name)),
    el("td", { class: "n", "data-label": "Calls/s" }),
    el("td", { class: "n", "data-label": "Answered" }),
    el("td", { class: "n", "data-label": "First content p50 / p99" }),
    el("td", { class: "budgets", "data-label": "Budgets left" }, BUDGETS.map(budget)),
  );
  return row;
}

function updateRoute(row, { per_second, outcomes, first_content, budgets_left_milli }) {
  const { served, resumed, degraded, failed } = outcomes;
  const [, pace, answered, first, budgets] = row.children;
  say(pace, rate(per_second));
  say(answered, share(served + resumed, served + resumed + degraded + failed));
  say(first, first_content.count ? `${span(first_content.p50_ms)} / ${span(first_content.p99_ms)}` : "–");
  [...budgets.children].forEach((node, place) => {
    const milli = budgets_left_milli[BUDGETS[place]];
    // Ten extra attempts are plenty; a bar that is full says no more than that.
    node.meter.update(Math.min(1000, milli / 10), milli < 1000 ? "low" : "");
    say(node.value, milli < 10_000 ? (milli / 1000).toFixed(1) : count(Math.floor(milli / 1000)));
  });
}

