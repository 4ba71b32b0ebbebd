// Many plays at once before one gateway and one fake: each has its own route, its own models and its
// own providers, so that none learns from another's failures.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Program, freePort } from "./stage.mjs";

// Faults that must be waited out are short here, and no budget refuses what a test wants to see.
const QUICK = `
[policy.retry]
backoff = { base = "20ms", cap = "200ms" }
[policy.timeouts]
first_token = { patience = "10s", timeout = "15s" }
stall = "1s"
deadline = "30s"
[policy.budget]
retry = { ratio = 1.0, cap = 1000, in_flight = 1.0 }
failover = { ratio = 1.0, cap = 1000, in_flight = 1.0 }
resume = { ratio = 1.0, cap = 1000, in_flight = 1.0 }
`;

const PATHS = { messages: "", bedrock_converse: "", generate_content: "/v1beta" };

/** Of Claude's makers only some models are known to take a prefill. */
function nameOf(play, n, { dialect, prefill }) {
  const isClaude = prefill && ["messages", "bedrock_converse"].includes(dialect);
  return `${isClaude ? "claude-sonnet-4-5-" : ""}${play}-${n}`;
}

export class Theatre {
  #programs = [];
  #folder = mkdtempSync(join(tmpdir(), "failsoft-streams-"));

  /** `plays`: by their names, `{ models: [{ fault, dialect, prefill, more }], keys }`. */
  async start(plays) {
    const [fake, listen, admin] = [await freePort(), await freePort(), await freePort()];
    this.url = `http://127.0.0.1:${listen}`;
    this.fakeUrl = `http://127.0.0.1:${fake}`;
    let scenario = "";
    let settings = `[server]\nlisten = "127.0.0.1:${listen}"\nadmin = "127.0.0.1:${admin}"\n`;
    for (const [play, { models, keys = "" }] of Object.entries(plays)) {
      const tiers = [];
      for (const [n, model] of models.entries()) {
        const [provider, name] = [`${play}-${n}`, nameOf(play, n, model)];
        tiers.push(`["${provider}/${name}"]`);
        scenario += `[models.${name}]\nfault = "${model.fault}"\n${model.more ?? ""}\n`;
        settings += this.#provider(provider, model.dialect, fake);
        if (model.prefill) settings += `[providers.${provider}.models."${name}"]\nprefill = true\n`;
      }
      settings += `[routes.${play}]\ntiers = [${tiers.join(", ")}]\n${keys}\n`;
    }
    const files = [join(this.#folder, "scenario.toml"), join(this.#folder, "failsoft.toml")];
    writeFileSync(files[0], scenario);
    writeFileSync(files[1], settings + QUICK);
    const play = ["fake", "--listen", `127.0.0.1:${fake}`, "--scenario", files[0]];
    await this.#run("fake", play, `${this.fakeUrl}/__fake/attempts`);
    await this.#run("gateway", ["serve", "--config", files[1]], `http://127.0.0.1:${admin}/readyz`);
  }

  #provider(name, dialect, fake) {
    const isBedrock = dialect === "bedrock_converse";
    const kind = isBedrock ? 'kind = "bedrock"\nregion = "us-east-1"\n' : "";
    return `[providers.${name}]\n${kind}dialect = "${dialect}"
base_url = "http://127.0.0.1:${fake}${PATHS[dialect] ?? "/v1"}"
api_key = "${isBedrock ? "AKIAEXAMPLE:secret" : "sk-any"}"\n`;
  }

  async #run(name, args, readyUrl) {
    const program = new Program(this.#folder, name, args);
    this.#programs.push(program);
    await program.ready(readyUrl);
  }

  /** What reached the models of every play, in order. */
  async attempts() {
    const { attempts } = await (await fetch(`${this.fakeUrl}/__fake/attempts`)).json();
    return Object.groupBy(attempts, ({ model }) => model.split("-").at(-2));
  }

  async stop() {
    for (const program of this.#programs.reverse()) await program.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
