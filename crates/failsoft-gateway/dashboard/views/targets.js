// Every target: how it is, what it does, and what can be done to it.

import { Meter, Spark } from "../chart.js";
import { confirm } from "../dialog.js";
import { el, head, keep, resign, say, set } from "../dom.js";
import { count, counted, kind, left, money, share, span } from "../words.js";

/** Columns of five seconds in a minute. */
export const MINUTE = 12;

/** How a target is, in a word, and what it means. */
export function condition(target) {
  const last = target.columns.slice(-MINUTE);
  const [all, failed] = [0, 1].map((n) => last.reduce((sum, column) => sum + column[n], 0));
  const is = (sign, word, more, troubled) => ({ sign, word, more, troubled });
  if (!target.enabled) return is("off", "switched off", "by an operator", false);
  if (target.disabled_ms > 0) return is("bad", "out of use", `tried again in ${left(target.disabled_ms)}`, true);
  if (target.breaker === "open") return is("bad", "resting", target.open_ms > 0 ? `probe in ${left(target.open_ms)}` : "probe with the next call", true);
  if (target.breaker === "half_open") return is("probe", "being probed", "one call at a time decides", true);
  if (target.throttled_ms > 0) return is("warn", "asked to wait", `for ${left(target.throttled_ms)}`, true);
  if (all >= 5 && failed / all >= 0.2) return is("warn", "failing", `${share(failed, all)} in the last minute`, true);
  if (target.limit != null && target.in_flight >= target.limit) return is("warn", "full", "more calls go elsewhere", true);
  return is("well", "well", "", false);
}

export class Targets {
  #rows = el("tbody", {});
  #idle = el("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => this.#toggle() });
  #all = false;
  #now = null;

  constructor() {
    const names = ["Target", "State", "In use", "First content p50 / p99", "Attempts", "Failed", "Kinds of failure", "Failures cost", "Actions"];
    const table = el(
      "table",
      { class: "cards targets-table" },
      el("caption", { class: "unseen" }, "Targets, figures of the last 15 minutes"),
      head(names),
      this.#rows,
    );
    this.node = el(
      "section",
      { class: "panel", "aria-labelledby": "targets-title" },
      el("div", { class: "panel-head" }, el("h2", { id: "targets-title" }, "Targets"), el("span", { class: "hint" }, "last 15 minutes"), this.#idle),
      table,
    );
  }

  update(now) {
    this.#now = now;
    const idle = now.targets.filter(isIdle).length;
    this.#idle.hidden = idle === 0;
    say(this.#idle, this.#all ? "Hide unused" : `Show ${count(idle)} unused`);
    const shown = this.#all ? now.targets : now.targets.filter((target) => !isIdle(target));
    const pools = Map.groupBy(shown, ({ name }) => name);
    const place = (target) => pools.get(target.name).indexOf(target);
    keep(
      this.#rows,
      shown,
      ({ id, name }) => `${id} ${name}`,
      (target) => new Row(target).node,
      (node, target) => node.row.update(target, { now, place: place(target), keys: pools.get(target.name).length }),
    );
  }

  #toggle() {
    this.#all = !this.#all;
    set(this.#idle, "aria-pressed", String(this.#all));
    if (this.#now) this.update(this.#now);
  }
}

/** Whether it stands for models that only a client could name, and none did. */
export const isIdle = (target) => target.name.endsWith("/*") && target.enabled && attempts(target) === 0;

const attempts = ({ succeeded, cancelled, failed }) => succeeded + cancelled + failed;

class Row {
  #spark = new Spark();
  #meter = new Meter();
  #cells = {};
  #target;

  constructor(target) {
    const cell = (id, label, ...children) => (this.#cells[id] = el("td", { class: id, "data-label": label }, children));
    const text = (id) => (this.#cells[id] = el("span", { class: id }));
    const button = (id, verb) => (this.#cells[id] = el("button", { type: "button", onclick: () => this.#ask(id) }, verb));
    this.node = el(
      "tr",
      {},
      el("th", { scope: "row" }, el("a", { href: `#/calls?${new URLSearchParams({ target: target.name })}` }, target.name), text("key")),
      cell("state", "State", text("sign-place"), el("span", { class: "words" }, text("word"), text("word-more"))),
      cell("use", "In use", text("used"), this.#meter.node),
      cell("first n", "First content p50 / p99"),
      cell("attempts", "Attempts", text("made"), this.#spark.node),
      cell("failed n", "Failed"),
      cell("kinds", "Kinds of failure"),
      cell("vain n", "Failures cost"),
      el("td", { class: "actions", "data-label": "Actions" }, button("probe", "Probe"), button("switch", "Switch off")),
    );
    this.node.row = this;
  }

  update(target, { now, place, keys }) {
    this.#target = target;
    const cells = this.#cells;
    const is = condition(target);
    say(cells.key, keys > 1 ? `key ${target.credential}` : "");
    resign(cells["sign-place"], is.sign);
    say(cells.word, is.word);
    say(cells["word-more"], is.more);
    say(cells.used, target.limit == null ? count(target.in_flight) : `${count(target.in_flight)} of ${count(target.limit)}`);
    this.#meter.update(target.limit ? (target.in_flight / target.limit) * 1000 : 0, target.limit && target.in_flight >= target.limit ? "low" : "");
    // A pool's keys are counted together, with the first of them.
    const first = place === 0;
    const { first_content: content, failed } = target;
    const all = attempts(target);
    say(cells["first n"], !first ? "" : content.count ? `${span(content.p50_ms)} / ${span(content.p99_ms)}` : "–");
    say(cells.made, first ? count(all) : "");
    this.#spark.update(first ? target.columns : [], now.calls.columns.most);
    say(cells["failed n"], first ? (all ? share(failed, all) : "–") : "");
    set(cells["failed n"], "data-kind", first && failed ? "bad" : null);
    const kinds = Object.entries(target.kinds).sort(([, a], [, b]) => b - a);
    say(cells.kinds, first ? kinds.map(([name, n]) => `${kind(name)} ${count(n)}`).join(", ") : "counted with the key above");
    say(cells["vain n"], first ? money(target.in_vain_nanos) : "");
    say(cells.switch, target.enabled ? "Switch off" : "Switch on");
    set(cells.switch, "aria-label", `${target.enabled ? "Switch off" : "Switch on"} ${target.name}`);
    set(cells.probe, "aria-label", `Probe ${target.name}`);
    cells.probe.hidden = !target.enabled || is.sign === "well";
  }

  #ask(what) {
    const { id, name, enabled, in_flight } = this.#target;
    const path = `/api/targets/${id}/${what === "probe" ? "probe" : enabled ? "disable" : "enable"}`;
    const record = "The record says that your session did it.";
    const asked = {
      probe: {
        title: `Probe ${name} now?`,
        happens: ["The next call that fits goes there, although it is resting or out of use.", "If it is answered the target is back in service; if not, it rests again and the call goes elsewhere.", record],
        verb: "Probe",
      },
      disable: {
        title: `Switch off ${name}?`,
        happens: ["It gets no new attempts; calls go to the other targets of their routes, or fail if there are none.", in_flight ? `${counted(in_flight, "attempt")} under way there may go on to the end.` : "Nothing is under way there now.", "It stays off until somebody switches it on, or the process is started again.", record],
        verb: "Switch off",
        danger: true,
      },
      enable: { title: `Switch on ${name}?`, happens: ["It takes part in its routes again, at once.", record], verb: "Switch on" },
    };
    return confirm({ ...asked[what === "probe" ? "probe" : enabled ? "disable" : "enable"], path, body: { name } });
  }
}
