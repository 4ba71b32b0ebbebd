// The dashboard in a real browser, while calls fail: seen, read out, operated, and attacked.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";

import { CANARY, House, TOKEN, browser } from "./house.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [320, 768, 1280, 1920];
const THEMES = ["light", "dark"];
const VIEWS = ["now", "incidents", "calls", "routes", "settings"];
const PICTURES = process.env.FAILSOFT_PICTURES;

const house = new House();
let chrome;
/** Whatever a page asked for, and whatever went wrong in it. */
const asked = [];
const wrong = [];

before(async () => {
  await house.start();
  house.flow();
  chrome = await browser();
  // Until something failed at every target that is to fail, and some calls were rescued.
  const failed = (targets, name) => targets.find((target) => target.name === name).failed;
  const names = ["aurora/aurora-large", "aurora/aurora-small", "cirrus/cirrus-1", "cirrus/cirrus-2"];
  await house.until("/api/now", ({ targets, calls }) => names.every((name) => failed(targets, name)) && calls.rescues > 5);
  await house.call("assistant", { "x-failsoft-tag": CANARY });
  await house.until("/api/calls?eventful=true", ({ calls }) => calls.some(({ attempts }) => attempts.length > 1));
});

afterEach(async () => {
  for (const context of chrome.contexts()) await context.close();
});

after(async () => {
  await chrome?.close();
  await house.stop();
});

/** A page of somebody who is logged in, at a view. */
async function visit(view, { width = 1280, theme = "light" } = {}) {
  const context = await chrome.newContext({ viewport: { width, height: 900 }, colorScheme: theme });
  const page = await context.newPage();
  page.on("request", (request) => asked.push(request.url()));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("dialog", (dialog) => {
    wrong.push(`a name was run: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("console", (message) => {
    const expected = message.location().url.endsWith("/api/session"); // the question whether somebody is logged in
    if (message.type() === "error" && !expected) wrong.push(message.text());
  });
  await page.goto(`${house.admin}/#login=${TOKEN}`);
  await page.locator(".chip", { hasText: "Live" }).waitFor();
  await at(page, view);
  return page;
}

async function at(page, view) {
  await page.goto(`${house.admin}/#/${view}`);
  await page.locator(`main.${view.split(/[/?]/)[0]}`).waitFor();
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
  if (view === "now") await page.locator(".targets-table tbody tr").first().waitFor();
}

async function storyOf(query) {
  const { calls } = await house.ask(`/api/calls?${query}`);
  return calls.sort((a, b) => b.attempts.length - a.attempts.length)[0].call;
}

/** What axe finds that keeps somebody out. */
async function grave(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html} ${any[0]?.message ?? ""}`).slice(0, 3).join(" | ")}`);
}

/** What reaches out of the window, or is cut off in its own box. */
function cutOff(page) {
  return page.evaluate(() => {
    const wide = document.documentElement.clientWidth;
    const shown = [...document.querySelectorAll("body *")].filter((node) => node.checkVisibility() && !node.closest(".unseen, .skip, thead, .top nav, svg, option, datalist"));
    const out = shown.filter((node) => node.getBoundingClientRect().right > wide + 1);
    const cut = shown.filter((node) => node.clientWidth > 0 && node.scrollWidth > node.clientWidth + 1 && !node.closest(".scroll, input, select"));
    const scrolls = document.documentElement.scrollWidth > wide ? ["the page scrolls sideways"] : [];
    return [...scrolls, ...[...out, ...cut].map((node) => `${node.tagName}.${node.getAttribute("class") ?? ""} ${node.textContent.slice(0, 40)}`)];
  });
}

async function picture(page, name) {
  if (!PICTURES) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

for (const theme of THEMES) {
  for (const width of WIDTHS) {
    test(`every view fits into ${width} px and keeps nobody out, ${theme}`, async () => {
      const page = await visit("now", { width, theme });
      const call = await storyOf("eventful=true");
      for (const view of [...VIEWS, `calls/${call}`]) {
        await at(page, view);
        assert.deepEqual(await cutOff(page), [], `${view} at ${width} px`);
        assert.deepEqual(await grave(page), [], `${view} at ${width} px, ${theme}`);
        await picture(page, `${view.replace(/\/.*/, "-one")}-${width}-${theme}`);
      }
    });
  }
}

test("the switch of colours stands above what the system wants, and is kept", async () => {
  const page = await visit("now", { theme: "light" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByLabel("Colours").selectOption("dark");
  const dark = await ground();
  assert.notEqual(light, dark);
  await page.reload();
  await page.locator(".chip", { hasText: "Live" }).waitFor();
  assert.equal(await ground(), dark);
});

test("figures move while calls come, and nobody is told every second", async () => {
  const page = await visit("now");
  const answered = page.locator(".figure.answered .note");
  const before = await answered.textContent();
  await page.evaluate(() => {
    window.told = 0;
    new MutationObserver(() => (window.told += 1)).observe(document.getElementById("announce"), { childList: true, characterData: true, subtree: true });
  });
  await page.waitForFunction((old) => document.querySelector(".figure.answered .note").textContent !== old, before);
  const { at_ms } = await house.ask("/api/now");
  await house.until("/api/now", (now) => now.at_ms > at_ms + 3000);
  assert.ok((await page.evaluate(() => window.told)) <= 2);
  assert.match(await page.locator(".targets-table tr", { hasText: "cirrus/cirrus-2" }).innerText(), /key refused/);
  assert.match(await page.getByRole("img", { name: /Calls of the last 15 minutes/ }).getAttribute("aria-label"), /lost/);
});

test("names that look like markup stay text", async () => {
  const page = await visit("now");
  await page.getByText(CANARY).first().waitFor();
  await at(page, `calls?tag=${encodeURIComponent(CANARY)}`);
  await page.locator(".tag", { hasText: CANARY }).waitFor();
  for (const view of ["routes", "settings"]) {
    await at(page, view);
    await page.getByText(CANARY).first().waitFor();
  }
  assert.equal(await page.locator("img:not([src='/icon.svg'])").count(), 0);
});

test("a call is found, opened, read and left with the keyboard alone", async () => {
  const page = await visit("now");
  await page.keyboard.press("/");
  await page.locator("main.calls input[type=search]:focus").waitFor();
  await page.keyboard.type("call_");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash.includes("id=call_"));
  const links = page.locator(".calls-table tbody a");
  await links.first().waitFor();
  await links.first().focus();
  await page.keyboard.press("ArrowDown");
  assert.equal(await links.nth(1).evaluate((link) => link === document.activeElement), true);
  await page.keyboard.press("ArrowUp");
  const id = await links.first().textContent();
  await page.keyboard.press("Enter");
  await page.locator(".happened").waitFor();
  assert.ok((await page.locator(".facts").innerText()).includes(id));
  await page.keyboard.press("Escape");
  await page.locator("main.calls .calls-table").waitFor();
});

test("the first tab stop skips to the content, and focus is always seen", async () => {
  const page = await visit("now");
  await page.reload();
  await page.locator(".targets-table tbody tr").first().waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  for (let stops = 0; stops < 12; stops += 1) {
    await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, "none", await page.evaluate(() => document.activeElement.outerHTML));
  }
});

test("a target is switched off and on, each time after a question that can be left", async () => {
  const page = await visit("now");
  const enabled = async (name) => (await (await fetch(`${house.admin}/api/targets`)).json()).find((target) => target.name === name).enabled;
  const name = "aurora/aurora-small";
  const button = page.getByRole("button", { name: `Switch off ${name}` });
  await button.click();
  await page.getByRole("dialog").getByText("It gets no new attempts").waitFor();
  assert.deepEqual(await grave(page), []);
  await picture(page, "dialog");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await enabled(name), true);
  await button.click();
  await page.getByRole("dialog").getByRole("button", { name: "Switch off" }).click();
  await page.locator(".targets-table tr", { hasText: name }).getByText("switched off").waitFor();
  assert.equal(await enabled(name), false);
  await page.getByRole("button", { name: `Switch on ${name}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Switch on" }).click();
  await page.getByRole("button", { name: `Switch off ${name}` }).waitFor();
  assert.equal(await enabled(name), true);
});

test("a target that is out of use is probed, and the next call looks how it is", async () => {
  const page = await visit("now");
  const tried = async () => (await house.ask("/api/now")).targets.find(({ name }) => name === "cirrus/cirrus-2").failed;
  const before = await tried();
  await page.getByRole("button", { name: "Probe cirrus/cirrus-2" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Probe" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await house.until("/api/now", ({ targets }) => targets.find(({ name }) => name === "cirrus/cirrus-2").failed > before);
});

test("another page in the same browser can neither read nor change anything", async () => {
  const page = await visit("now");
  const script = `
    const told = [];
    const attempt = (name, what) => what().then((answer) => told.push([name, answer]), () => told.push([name, "refused"]));
    const all = ["/api/now", "/api/session", "/api/targets"].map((path) =>
      attempt("read " + path, async () => (await fetch("ADMIN" + path, { credentials: "include" })).text()));
    all.push(attempt("change", async () => (await fetch("ADMIN/api/targets/0/disable", { method: "POST", mode: "no-cors", credentials: "include", body: "{}" })).type));
    all.push(attempt("stream", () => new Promise((done, failed) => {
      const source = new EventSource("ADMIN/api/live", { withCredentials: true });
      source.addEventListener("now", () => done("told"));
      source.addEventListener("error", failed);
    })));
    Promise.all(all).then(() => { window.told = told; });`;
  const form = `<form method="post" action="ADMIN/api/drain" target="hole"></form><iframe name="hole"></iframe><iframe src="ADMIN/"></iframe>`;
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html>${form}<script>${script};document.forms[0].submit()</script>`.replaceAll("ADMIN", house.admin));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const other = await page.context().newPage();
  await other.goto(`http://127.0.0.1:${server.address().port}/`);
  await other.waitForFunction(() => window.told);
  const told = await other.evaluate(() => window.told);
  for (const [name, answer] of told) assert.ok(answer === "refused" || (name === "change" && answer === "opaque"), `${name}: ${answer}`);
  const targets = await (await fetch(`${house.admin}/api/targets`)).json();
  assert.ok(targets.every(({ enabled }) => enabled));
  assert.equal((await fetch(`${house.admin}/readyz`)).status, 200);
  server.close();
  server.closeAllConnections();
});

test("a link opens a page that is open already, and leaves the address", async () => {
  const page = await (await chrome.newContext()).newPage();
  await page.goto(`${house.admin}/`);
  await page.getByLabel("Admin token").waitFor();
  for (const visits of ["logged out", "logged in"]) {
    await page.evaluate((token) => (location.hash = `#login=${token}`), TOKEN);
    await page.waitForFunction(() => location.hash === "#/now");
    await page.locator(".chip", { hasText: "Live" }).waitFor();
    assert.ok(!page.url().includes(TOKEN), visits);
  }
  await page.evaluate(() => (location.hash = "#login=0ddba11"));
  await page.waitForFunction(() => location.hash === "#/now");
  await page.locator(".chip", { hasText: "Live" }).waitFor();
});

test("who takes a question back gets no answer, and no word of a gateway that is gone", async () => {
  const page = await visit("now");
  const told = await page.evaluate(async () => {
    const { read } = await import("/api.js");
    const stopped = new AbortController();
    const answers = [read("/api/now", AbortSignal.abort()), read("/api/live", stopped.signal)];
    await answers[0].catch(() => {});
    stopped.abort();
    return Promise.all(answers.map((answer) => answer.then(() => "came", ({ name }) => name)));
  });
  assert.deepEqual(told, ["AbortError", "AbortError"]);
});

test("the chart can be pointed at before anything was counted", async () => {
  const page = await visit("now");
  const errors = await page.evaluate(async () => {
    const { CallsChart } = await import("/chart.js");
    const { node } = new CallsChart();
    const told = [];
    addEventListener("error", ({ message }) => told.push(message), { once: true });
    node.querySelector("svg").dispatchEvent(new PointerEvent("pointermove", { clientX: 40 }));
    return told;
  });
  assert.deepEqual(errors, []);
});

/** As if somebody looked at another tab; a browser without windows shows all of them. */
async function hide(page, hidden) {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}

test("tabs that nobody sees leave room for the one in front", async () => {
  const pages = [await visit("now")];
  const context = pages[0].context();
  while (pages.length < 8) {
    await hide(pages.at(-1), true);
    pages.push(await context.newPage());
    await pages.at(-1).goto(`${house.admin}/#/now`);
    await pages.at(-1).locator(".chip", { hasText: "Live" }).waitFor();
  }
  await pages[0].locator(".chip", { hasText: "Connecting" }).waitFor();
  await hide(pages[0], false);
  await pages[0].locator(".chip", { hasText: "Live" }).waitFor();
});

test("who logs out in one tab is out in the others", async () => {
  const page = await visit("settings");
  const other = await page.context().newPage();
  await other.goto(`${house.admin}/#/now`);
  await other.locator(".chip", { hasText: "Live" }).waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await other.getByText("Your session is over").waitFor();
});

test("who could not be logged out is not told so", async () => {
  const page = await (await visit("now")).context().newPage();
  await page.goto(`${house.admin}/#/now`);
  await page.locator(".chip", { hasText: "Live" }).waitFor();
  await page.evaluate(() => localStorage.removeItem("failsoft-proof"));
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Admin token").waitFor();
  assert.match(await page.locator("main").innerText(), /no leave to change anything: log in again/);
});

test("who logs out is out, and sees the way in", async () => {
  const page = await visit("settings");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Admin token").waitFor();
  assert.deepEqual(await grave(page), []);
  await picture(page, "login");
  await page.getByLabel("Admin token").fill("nothing-opens-so");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "opens nothing" }).waitFor();
  await page.getByLabel("Admin token").fill(TOKEN);
  await page.keyboard.press("Enter");
  await page.locator(".chip", { hasText: "Live" }).waitFor();
});

test("a drain is asked for, seen, and what is no longer live says so", async () => {
  const page = await visit("now");
  await page.getByRole("button", { name: "Drain…" }).click();
  await page.getByRole("dialog").getByText("cannot be taken back").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Drain" }).click();
  await page.getByRole("heading", { name: /Draining/ }).waitFor();
  assert.equal((await fetch(`${house.admin}/readyz`)).status, 503);
  await house.end("gateway");
  await page.locator(".chip", { hasText: /Stale since \d\d:\d\d/ }).waitFor();
});

test("nothing was asked of any other host, and nothing went wrong in any page", () => {
  const others = asked.filter((url) => !url.startsWith(`${house.admin}/`) && !url.startsWith("data:"));
  assert.deepEqual(others, []);
  const expected = /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|status of 401/;
  assert.deepEqual(wrong.filter((words) => !expected.test(words)), []);
});
