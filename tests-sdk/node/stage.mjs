// A fake provider and a gateway before it, as real processes, for one test each.

import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BINARY = process.env.FAILSOFT_BINARY ?? join(ROOT, "target", "debug", "failsoft");

// Long enough for a busy machine; nobody waits that long on a good day.
const READY_MS = 30_000;

export const DIALECTS = ["chat_completions", "messages"];

// Faults that must be waited out are short here.
const QUICK = `
[policy.retry]
backoff = { base = "20ms", cap = "200ms" }
base_throttled = "50ms"
[policy.timeouts]
first_token = { patience = "300ms", timeout = "1500ms" }
reply = { patience = "300ms", timeout = "1500ms" }
stall = "1s"
deadline = "20s"
`;

/** Runs `test` against a stage with this play, and takes the stage down whatever happens. */
export async function staged(play, test) {
  const folder = mkdtempSync(join(tmpdir(), "failsoft-test-"));
  const stage = new Stage({ dialect: "chat_completions", backup: "healthy", more: "", ...play }, folder);
  try {
    await stage.start();
    await test(stage);
  } catch (error) {
    for (const program of stage.programs) console.error(program.words());
    throw error;
  } finally {
    for (const program of stage.programs.reverse()) await program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Stage {
  programs = [];

  constructor(play, folder) {
    this.play = play;
    this.folder = folder;
  }

  async start() {
    const [fake, listen, admin] = [await freePort(), await freePort(), await freePort()];
    this.fakeUrl = `http://127.0.0.1:${fake}`;
    this.url = `http://127.0.0.1:${listen}`;
    const scenario = join(this.folder, "scenario.toml");
    writeFileSync(scenario, scenarioText(this.play));
    const settings = join(this.folder, "failsoft.toml");
    writeFileSync(settings, settingsText(this.play, fake, listen, admin));
    const play = ["fake", "--listen", `127.0.0.1:${fake}`, "--scenario", scenario];
    await this.#run("fake", play, `${this.fakeUrl}/__fake/attempts`);
    await this.#run("gateway", ["serve", "--config", settings], `http://127.0.0.1:${admin}/readyz`);
  }

  async #run(name, args, readyUrl) {
    const program = new Program(this.folder, name, args);
    this.programs.push(program);
    await program.ready(readyUrl);
  }

  /** What reached the fake, in order. */
  async attempts(query = "") {
    const answer = await fetch(`${this.fakeUrl}/__fake/attempts?${query}`);
    return (await answer.json()).attempts;
  }

  /** Waits until the fake has seen a caller leave. */
  async seesCancelled() {
    const answer = await fetch(`${this.fakeUrl}/__fake/attempts?cancelled=1&wait=10s`);
    return (await answer.json()).met;
  }
}

export class Program {
  constructor(folder, name, args) {
    this.name = name;
    this.log = join(folder, `${name}.log`);
    const log = openSync(this.log, "w");
    const env = { ...process.env, RUST_LOG: "info" };
    delete env.FAILSOFT_CONFIG;
    this.child = spawn(BINARY, args, { cwd: folder, env, stdio: ["ignore", log, log] });
    this.ended = new Promise((done) => this.child.once("exit", done));
  }

  async ready(url) {
    const end = Date.now() + READY_MS;
    while (Date.now() < end) {
      if (this.child.exitCode !== null) break;
      const answer = await fetch(url).catch(() => null);
      await answer?.arrayBuffer();
      if (answer?.status === 200) return;
      await pause(20);
    }
    throw new Error(`${this.name} is not ready: ${this.words()}`);
  }

  words() {
    return `--- ${this.name}\n${readFileSync(this.log, "utf8").slice(-4000)}`;
  }

  async stop() {
    if (this.child.exitCode !== null) return;
    this.child.kill("SIGTERM");
    const killer = setTimeout(() => this.child.kill("SIGKILL"), 5000);
    await this.ended;
    clearTimeout(killer);
  }
}

// Ports that were given out: never the same one twice, or two programs meet on it.
const given = new Set();

// Below the ports that outgoing connections use, which come and take one between our look and the
// program's start.
export function freePort() {
  const port = 15000 + Math.floor(Math.random() * 15000);
  if (given.has(port)) return freePort();
  given.add(port);
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(freePort()));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(port)));
  });
}

function scenarioText({ primary = "healthy", backup }) {
  const part = (model, fault) => `[models.${model}]\nfault = "${fault ?? "healthy"}"\n`;
  return part("primary", primary) + part("backup", backup);
}

function settingsText({ dialect, backup, more }, fake, listen, admin) {
  const base = `http://127.0.0.1:${fake}${dialect === "chat_completions" ? "/v1" : ""}`;
  const provider = (name) =>
    `[providers.${name}]\ndialect = "${dialect}"\nbase_url = "${base}"\napi_key = "sk-${name}"\n`;
  const tiers = `["first/primary"]${backup ? ', ["second/backup"]' : ""}`;
  return `[server]
listen = "127.0.0.1:${listen}"
admin = "127.0.0.1:${admin}"
[journal]
path = "failsoft.db"
${provider("first")}${provider("second")}
[routes.assistant]
tiers = [${tiers}]
${QUICK}
${more}
`;
}
