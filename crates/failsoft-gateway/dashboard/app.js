// The frame around every view: who is here, where they are, and whether what they see is fresh.

import { Refused, logIn, logOut, read } from "./api.js";
import { confirm } from "./dialog.js";
import { el, say, set, sign } from "./dom.js";
import { Live } from "./live.js";
import { clock, counted } from "./words.js";
import * as calls from "./views/calls.js";
import * as call from "./views/call.js";
import * as incidents from "./views/incidents.js";
import * as login from "./views/login.js";
import * as now from "./views/now.js";
import * as routes from "./views/routes.js";
import * as settings from "./views/settings.js";

const VIEWS = [
  ["now", "Now", now],
  ["incidents", "Incidents", incidents],
  ["calls", "Calls", calls],
  ["routes", "Routes", routes],
  ["settings", "Settings", settings],
];
const THEMES = { auto: "System", light: "Light", dark: "Dark" };

const top = document.getElementById("top");
const main = document.getElementById("main");
const live = new Live();
let view = null;
let frame = null;

/** Says something to those who listen instead of look. */
function announce(words) {
  say(document.getElementById("announce"), words);
}

function theme() {
  const kept = localStorage.getItem("failsoft-theme");
  return kept in THEMES ? kept : "auto";
}

function paint() {
  const chosen = theme();
  set(document.documentElement, "data-theme", chosen === "auto" ? null : chosen);
}

/** The part of the address behind the sign: where somebody is, and what they look for there. */
function place() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/");
  return { name, rest: decode(rest.join("/")), query: new URLSearchParams(query) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function show() {
  const { name, rest, query } = place();
  view?.close?.();
  const known = VIEWS.find(([id]) => id === name) ?? VIEWS[0];
  const module = name === "calls" && rest ? call : known[2];
  document.title = `${known[1]} – failsoft`;
  for (const link of top.querySelectorAll("nav a")) {
    set(link, "aria-current", link.dataset.view === known[0] ? "page" : null);
  }
  main.replaceChildren();
  main.className = known[0];
  view = module.open(main, { live, rest, query, announce, failed });
  scrollTo(0, 0);
}

/** An answer that did not come. Who is no longer logged in is asked to come in again. */
function failed(error, where) {
  if (error.name === "AbortError") return;
  if (!(error instanceof Refused)) throw error;
  if (error.status === 401) return enter("Your session is over. Log in again.");
  where.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
}

function frameUp() {
  const chip = el("span", { class: "chip" });
  const phase = el("a", { class: "chip warn", href: "#/now", hidden: true }, sign("warn"), el("span", {}, "draining"));
  const choice = el(
    "select",
    {
      "aria-label": "Colours",
      onchange: () => {
        localStorage.setItem("failsoft-theme", choice.value);
        paint();
      },
    },
    Object.entries(THEMES).map(([id, words]) => el("option", { value: id, selected: id === theme() }, words)),
  );
  const links = VIEWS.map(([id, words]) => el("a", { href: `#/${id}`, "data-view": id }, words));
  top.replaceChildren(
    el("a", { class: "brand", href: "#/now" }, el("img", { src: "/icon.svg", alt: "", width: 22, height: 22 }), "failsoft"),
    el("nav", { "aria-label": "Views" }, links),
    el(
      "div",
      { class: "tools" },
      phase,
      chip,
      choice,
      el("button", { type: "button", class: "quiet", onclick: drain }, "Drain…"),
      el("button", { type: "button", class: "quiet", onclick: leave }, "Log out"),
    ),
  );
  top.hidden = false;
  return { chip, phase };
}

const STATES = {
  connecting: ["probe", () => "Connecting"],
  live: ["well", () => "Live"],
  reconnecting: ["probe", () => "Reconnecting"],
  stale: ["warn", () => `Stale since ${clock(live.heard)}`],
};

function chip() {
  const [kind, words] = STATES[live.state];
  frame?.chip.replaceChildren(sign(kind), el("span", {}, words()));
  set(document.body, "data-live", live.state);
}

function drain() {
  const flying = live.snapshot?.calls.in_flight ?? 0;
  return confirm({
    title: "Drain this gateway?",
    happens: [
      "It takes no new calls, and /readyz answers 503, so that a load balancer goes elsewhere.",
      `${counted(flying, "call")} in flight may go on to the end.`,
      "It stays drained until the process is stopped or started again: this cannot be taken back here.",
      "The record says that your session did it.",
    ],
    verb: "Drain",
    danger: true,
    path: "/api/drain",
  }).then((done) => done && announce("The gateway drains."));
}

function leave() {
  const gone = () => "You are logged out.";
  return logOut().then(gone, (error) => error.message).then(enter);
}

/** Shows the way in, and the place somebody wanted to be at when they are in. */
function enter(words) {
  live.stop();
  view?.close?.();
  frame = null;
  top.hidden = true;
  document.title = "Log in – failsoft";
  main.className = "login";
  view = login.open(main, { words, entered: begin });
}

function begin() {
  frame = frameUp();
  chip();
  live.start();
  show();
}

function keys(event) {
  if (event.target.closest("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && frame) {
    event.preventDefault();
    const field = main.querySelector("input[type=search]");
    if (field) field.focus();
    else {
      location.hash = "#/calls";
      addEventListener("hashchange", () => main.querySelector("input[type=search]")?.focus(), { once: true });
    }
  } else if (event.key === "Escape" && place().rest) history.back();
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") rows(event);
}

/** Up and down through the rows of a table, by their links. */
function rows(event) {
  const row = event.target.closest("tbody tr");
  if (!row) return;
  const next = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
  const link = next?.querySelector("a, button");
  if (link) {
    event.preventDefault();
    link.focus();
  }
}

live.addEventListener("state", () => {
  chip();
  if (live.state === "stale") announce("What you see is no longer live.");
  else if (live.state === "live") announce("Live.");
});
live.addEventListener("now", () => {
  const { phase } = live.snapshot;
  if (frame) frame.phase.hidden = phase === "serving";
});
live.addEventListener("lost", () => {
  // The stream says nothing of why; the session does.
  read("/api/session").catch((error) => error.status === 401 && enter("Your session is over. Log in again."));
});
addEventListener("hashchange", () => {
  if (linkToken()) start();
  else if (frame && !location.hash.startsWith("#main")) show();
});
document.addEventListener("keydown", keys);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

function linkToken() {
  return location.hash.match(/^#login=([0-9a-f]+)$/)?.[1];
}

async function start() {
  paint();
  const token = linkToken();
  let words = "";
  if (token) {
    // Out of the address, so that it stands in no history and no picture of the screen.
    history.replaceState(null, "", "/#/now");
    await logIn(token).catch((error) => (words = error.message));
  }
  try {
    await read("/api/session");
  } catch (error) {
    return enter(error.status === 401 ? words : error.message);
  }
  begin();
}

await start();
