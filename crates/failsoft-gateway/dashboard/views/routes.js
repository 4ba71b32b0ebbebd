// Every route: where it leads, and the policy in force with the origin of each value.

import { read } from "../api.js";
import { el, resign, say, set } from "../dom.js";
import { section, setting, table } from "./settings.js";
import { condition } from "./targets.js";

export function open(main, { live, failed }) {
  const stopped = new AbortController();
  const body = el("div", { class: "stack", "aria-busy": "true" }, el("p", { class: "hint" }, "Reading the settings…"));
  const all = el("input", { type: "checkbox", onchange: () => set(body, "data-all", all.checked ? "true" : null) });
  main.replaceChildren(el("div", { class: "page-head" }, el("h1", {}, "Routes"), el("label", { class: "check" }, all, "Built-in values too")), body);
  let places = [];
  const update = () => {
    if (!live.snapshot) return;
    const known = new Map(live.snapshot.targets.map((target) => [target.id, target]));
    for (const { id, node } of places) {
      const target = known.get(id);
      if (!target) continue;
      const is = condition(target);
      resign(node.firstChild, is.sign);
      say(node.lastChild, is.word);
    }
  };
  live.addEventListener("now", update);
  read("/api/routes", stopped.signal)
    .then(({ routes }) => {
      places = [];
      const written = routes.filter((route) => route.written);
      const implied = routes.filter((route) => !route.written);
      body.replaceChildren(...written.map((route) => panel(route, places)), also(implied));
      set(body, "aria-busy", "false");
      update();
    })
    .catch((error) => failed(error, body));
  return {
    close() {
      live.removeEventListener("now", update);
      stopped.abort();
    },
  };
}

function panel({ name, models, dialect, tiers, values }, places) {
  const id = `route-${name}`;
  const written = values.filter(({ from }) => from !== "built_in").length;
  return el(
    "section",
    { class: "panel route", "aria-labelledby": id },
    el(
      "div",
      { class: "panel-head" },
      el("h2", { id }, name),
      el("span", { class: "hint" }, models.length ? `also ${models.join(", ")}; ` : "", `${dialect.replaceAll("_", " ")} first`),
      el("a", { href: `#/calls?${new URLSearchParams({ route: name })}` }, "Calls"),
    ),
    flow(tiers, places),
    written === 0 && el("p", { class: "hint when-few" }, "Nobody wrote a policy for it: built-in values are in force."),
    table(values.filter(({ path }) => path !== "tiers").map(setting)),
  );
}

/** Tiers in the order in which they are tried. */
function flow(tiers, places) {
  const target = ({ id, name }) => {
    const state = el("span", { class: "state" }, el("span", { class: "sign-place" }), el("span", { class: "word" }, ""));
    places.push({ id, node: state });
    return el("li", {}, el("span", { class: "name" }, name), state);
  };
  const seen = (tier) => tier.filter((one, place) => tier.findIndex(({ name }) => name === one.name) === place);
  return el(
    "ol",
    { class: "flow" },
    tiers.map((tier, place) => el("li", {}, el("span", { class: "order" }, place ? `then tier ${place + 1}` : "tier 1"), el("ul", {}, seen(tier).map(target)), place < tiers.length - 1 && el("span", { class: "arrow", "aria-hidden": "true" }, "→"))),
  );
}

/** Routes that stand for a provider entry, which nobody wrote. */
function also(routes) {
  if (routes.length === 0) return el("span", {});
  const list = el("ul", { class: "plain" }, routes.map(({ name }) => el("li", {}, el("code", {}, name))));
  return section("Also", el("p", { class: "hint" }, "Clients may name any model of a provider; these routes lead there, with the default policies."), list);
}
