// A fake that fails in every way, a gateway before it, traffic through it, and a browser to look at
// its dashboard with.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { chromium } from "playwright-core";

import { Program, freePort } from "../node/stage.mjs";

export const TOKEN = "0b5e55ed0b5e55ed0b5e55ed";
/** Stands where names stand; whoever reads it as markup would run it. */
export const CANARY = "<img/src=x/onerror=alert(1)>";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

const SCENARIO = `
token_delay = "2ms"
first_token = "30ms..120ms"
[models.aurora-large]
steps = [
  { fault = "healthy", times = 30 },
  { fault = "fail-503", times = 12 },
  { fault = "healthy", times = 40 },
  { fault = "reset", times = 6 },
  { fault = "healthy" },
]
[models.aurora-small]
fault = "fail-429-ra4"
[models.cirrus-1]
fault = "fail-503"
[models.cirrus-2]
fault = "fail-401"
[models.borealis-large]
fault = "healthy"
`;

const settings = (fake, listen, admin) => `
[server]
listen = "127.0.0.1:${listen}"
admin = "127.0.0.1:${admin}"
admin_token = { env = "TEST_ADMIN_TOKEN" }

[journal]
path = "failsoft.db"

[policy.retry]
backoff = { base = "20ms", cap = "200ms" }
[policy.timeouts]
deadline = "20s"

[providers.aurora]
dialect = "chat_completions"
base_url = "http://127.0.0.1:${fake}/v1"
api_key = "sk-canary-aurora"
[providers.borealis]
dialect = "chat_completions"
base_url = "http://127.0.0.1:${fake}/v1"
api_keys = ["sk-canary-borealis-a", "sk-canary-borealis-b"]
[providers.cirrus]
dialect = "chat_completions"
base_url = "http://127.0.0.1:${fake}/v1"
api_key = "sk-canary-cirrus"

[routes.assistant]
models = ["assistant-*"]
tiers = [["aurora/aurora-large"], ["borealis/borealis-large"]]
[routes.assistant.retry]
max_attempts = 4
[routes.support]
tiers = [["aurora/aurora-small"], ["borealis/borealis-large"]]
[routes.research]
tiers = [["cirrus/cirrus-2"], ["borealis/${CANARY}"]]
[routes.nightly]
profile = "batch"
tiers = [["cirrus/cirrus-1"]]
[routes.nightly.retry]
max_attempts = 2
`;

export class House {
  #programs = [];
  #folder = mkdtempSync(join(tmpdir(), "failsoft-browser-"));
  #flowing = true;
  #traffic = [];

  async start() {
    const [fake, listen, admin] = [await freePort(), await freePort(), await freePort()];
    this.url = `http://127.0.0.1:${listen}`;
    this.admin = `http://127.0.0.1:${admin}`;
    const files = ["scenario.toml", "failsoft.toml"].map((name) => join(this.#folder, name));
    writeFileSync(files[0], SCENARIO);
    writeFileSync(files[1], settings(fake, listen, admin));
    process.env.TEST_ADMIN_TOKEN = TOKEN;
    await this.#run("fake", ["fake", "--listen", `127.0.0.1:${fake}`, "--scenario", files[0]], `http://127.0.0.1:${fake}/__fake/attempts`);
    await this.#run("gateway", ["serve", "--config", files[1]], `${this.admin}/readyz`);
  }

  /** Calls on every route, at a pace that leaves the machine to others. */
  flow() {
    const routes = { assistant: 120, support: 300, research: 500, nightly: 700 };
    for (const [route, every] of Object.entries(routes)) this.#traffic.push(this.#calls(route, every));
  }

  async #calls(route, every) {
    while (this.#flowing) {
      await this.call(route).catch(() => {});
      await pause(every);
    }
  }

  async call(route, headers = {}) {
    const body = JSON.stringify({ model: route, stream: route === "assistant", messages: [{ role: "user", content: "hi" }] });
    const answer = await fetch(`${this.url}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
    await answer.arrayBuffer();
    return answer;
  }

  /** What the API says to a script. */
  async ask(path) {
    const answer = await fetch(`${this.admin}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
    return answer.json();
  }

  /** Waits until the API says what is wanted. */
  async until(path, fits) {
    for (let tries = 0; tries < 600; tries += 1) {
      const page = await this.ask(path);
      if (fits(page)) return page;
      await pause(50);
    }
    throw new Error(`${path} never said what was wanted\n${this.words()}`);
  }

  async #run(name, args, readyUrl) {
    const program = new Program(this.#folder, name, args);
    this.#programs.push(program);
    await program.ready(readyUrl);
  }

  /** Ends one of the programs now. */
  async end(name) {
    await this.#programs.find((program) => program.name === name).stop();
  }

  words() {
    return this.#programs.map((program) => program.words()).join("\n");
  }

  async stop() {
    this.#flowing = false;
    await Promise.all(this.#traffic);
    for (const program of this.#programs.reverse()) await program.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A browser with nothing in it. */
export function browser() {
  return chromium.launch({ executablePath: process.env.FAILSOFT_CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
}
