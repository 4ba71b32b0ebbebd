// Streams that break: what the official SDKs put together is the right answer, once, or an error.
// Every case has a route of its own; all are asked at the same time.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

import { WORDS } from "./sdks.mjs";
import { Theatre } from "./theatre.mjs";

const QUESTION = "Say the sixty words.";
const BEFORE = "Let me look that up for you, it will only take one moment.";
const SHORT = "Good things come late.";
const TOOL = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const TOOLS = ["weather", "time"];
const TRIP = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
};

/** `openai` on chat completions. */
class Chat {
  done = "stop";
  wantsTools = "tool_calls";
  error = OpenAI.OpenAIError;

  constructor(url) {
    this.client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0, timeout: 60_000 });
  }

  async tell(model, what, told) {
    const body = { model, messages: [{ role: "user", content: QUESTION }] };
    body.stream_options = { include_usage: true };
    if (what === "tools") {
      body.tools = TOOLS.map((name) => ({
        type: "function",
        function: { name, parameters: TOOL, strict: true },
      }));
    }
    if (what === "schema") {
      const json_schema = { name: "trip", schema: TRIP, strict: true };
      body.response_format = { type: "json_schema", json_schema };
    }
    if (what === "thinking") body.reasoning_effort = "low";
    const stream = this.client.chat.completions.stream(body);
    const ids = new Set();
    stream.on("chunk", ({ id }) => ids.add(id));
    stream.on("content", (delta) => (told.partial += delta));
    const reply = await stream.finalChatCompletion();
    const [{ message, finish_reason }] = reply.choices;
    assert.equal(ids.size, 1);
    assert.equal(message.role, "assistant");
    return {
      text: message.content ?? "",
      stop: finish_reason,
      calls: (message.tool_calls ?? []).map(({ id, function: called }) => [
        id,
        called.name,
        JSON.parse(called.arguments),
      ]),
      inputTokens: reply.usage.prompt_tokens,
      outputTokens: reply.usage.completion_tokens,
    };
  }
}

/** `@anthropic-ai/sdk` on messages. */
class Messages {
  done = "end_turn";
  wantsTools = "tool_use";
  error = Anthropic.AnthropicError;

  constructor(url) {
    this.client = new Anthropic({ baseURL: url, apiKey: "any", maxRetries: 0, timeout: 60_000 });
  }

  async tell(model, what, told) {
    const body = { model, messages: [{ role: "user", content: QUESTION }], max_tokens: 4000 };
    if (what === "tools") body.tools = TOOLS.map((name) => ({ name, input_schema: TOOL }));
    if (what === "schema") body.output_config = { format: { type: "json_schema", schema: TRIP } };
    if (what === "thinking") body.thinking = { type: "enabled", budget_tokens: 1024 };
    const stream = this.client.messages.stream(body);
    stream.on("text", (delta) => (told.partial += delta));
    const reply = await stream.finalMessage();
    assert.equal(reply.role, "assistant");
    return {
      text: reply.content.map((block) => block.text ?? "").join(""),
      stop: reply.stop_reason,
      calls: reply.content
        .filter((block) => block.type === "tool_use")
        .map(({ id, name, input }) => [id, name, input]),
      inputTokens: reply.usage.input_tokens,
      outputTokens: reply.usage.output_tokens,
    };
  }
}

/** `openai` on responses. */
class Responses extends Chat {
  done = "completed";
  wantsTools = "completed";

  async tell(model, what, told) {
    const body = { model, input: QUESTION };
    if (what === "tools") {
      body.tools = TOOLS.map((name) => ({ type: "function", name, parameters: TOOL, strict: true }));
    }
    if (what === "schema") {
      body.text = { format: { type: "json_schema", name: "trip", schema: TRIP, strict: true } };
    }
    if (what === "thinking") body.reasoning = { effort: "low", summary: "auto" };
    const stream = this.client.responses.stream(body);
    let next = 0;
    stream.on("event", (event) => {
      assert.equal(event.sequence_number, next);
      next += 1;
      // This SDK raises nothing for a response that failed: it shows it.
      if (event.type === "response.failed") told.failed = event.response.error.message;
    });
    stream.on("response.output_text.delta", ({ delta }) => (told.partial += delta));
    const reply = await stream.finalResponse();
    if (told.failed) throw new OpenAI.OpenAIError(told.failed);
    return {
      text: reply.output_text,
      stop: reply.status,
      calls: reply.output
        .filter((item) => item.type === "function_call")
        .map((item) => [item.call_id, item.name, JSON.parse(item.arguments)]),
      inputTokens: reply.usage.input_tokens,
      outputTokens: reply.usage.output_tokens,
    };
  }
}

const CLIENTS = { chat_completions: Chat, messages: Messages, responses: Responses };
const OTHER = { chat_completions: "messages", messages: "generate_content", responses: "bedrock_converse" };
const PARIS = { city: "Paris" };

const cases = [];
for (const [client, other] of Object.entries(OTHER)) {
  for (const dialect of [client, other]) {
    const add = (name, faults, more = {}) => {
      const { prefill = false, scenario, ...rest } = more;
      const models = faults.map((fault) => ({ fault, dialect, prefill, more: scenario }));
      cases.push({ name: `${name} (${client} to ${dialect})`, client, models, text: WORDS, ...rest });
    };
    for (const fault of [
      "cut-after-1", "cut-after-40", "cut-after-60", "reset-after-30", "end-after-45", "stall-after-25",
      "inband-error-after-20", "bad-chunk-12", "cut-inside-35", "cut-after-0", "inband-error",
    ]) {
      add(fault, [fault, "healthy"]);
      if (dialect !== "responses") add(`${fault}, prefill`, [fault, "healthy"], { prefill: true });
    }
    for (const manner of ["restarts", "bench", "overlaps-12", "continues-thinking"]) {
      add(manner, [`once:cut-after-40+${manner}`]);
    }
    if (dialect !== "responses") {
      for (const manner of ["echoes", "restarts", "no-prefill"]) {
        add(`${manner}, prefill`, [`once:cut-after-40+${manner}`], { prefill: true });
      }
    }
    for (const manner of ["preamble", "other-words"]) {
      add(manner, [`once:cut-after-40+${manner}`], { text: null });
    }
    const calls = (...names) => names.map((name) => [name, PARIS]);
    const tools = { what: "tools", text: "", stop: "wantsTools" };
    add("a tool call cut", ["once:cut-tool"], { ...tools, calls: calls("weather") });
    add("the second call cut", ["once:cut-tool-2+two-tools"], { ...tools, calls: calls("weather", "time") });
    add("a call cut behind text", ["once:cut-text-tool+text-tools"],
      { ...tools, text: BEFORE, calls: calls("weather", "time") });
    add("a call cut everywhere", ["cut-tool", "cut-tool"], { ...tools, text: null });
    add("a thought cut", ["once:cut-thinking"], { what: "thinking" });
    const json = '{"city":"Paris","days":7}';
    const held = { what: "schema", keys: 'hold = ["tool_calls", "json"]', text: json };
    add("JSON cut, held", ["once:cut-after-2"], held);
    add("JSON cut, live", ["once:cut-after-2"], { what: "schema", text: null });
    add("all or nothing", ["cut-after-40", "healthy"], { keys: 'delivery = "whole"' });
    add("all or nothing, nothing", ["cut-after-40", "cut-after-40"],
      { keys: 'delivery = "whole"', text: null, partial: "" });
    add("heartbeats between words", ["slow-tokens-700ms"],
      { keys: 'heartbeat = "150ms"', scenario: `text = "${SHORT}"`, text: SHORT });
    add("heartbeats before the first word", ["late-1500ms"], { keys: 'heartbeat = "150ms"\nbegin_after = "1s"' });
    add("cut everywhere", ["cut-after-15", "cut-after-15"], { text: null });
    add("repetition", ["repeat", "healthy"], { text: null, partial: undefined });
    add("resumption off", ["cut-after-40", "healthy"], { keys: "resume = { enabled = false }", text: null });
  }
}

const theatre = new Theatre();
const told = new Map();

before(async () => {
  await theatre.start(Object.fromEntries(cases.map((one, n) => [`c${n}`, one])));
  const clients = Object.entries(CLIENTS).map(([dialect, Kind]) => [dialect, new Kind(theatre.url)]);
  const users = Object.fromEntries(clients);
  // What waits for a silence goes first; some at a time.
  const waiting = [...cases.keys()].sort((a, b) => cases[b].name.startsWith("stall") - cases[a].name.startsWith("stall"));
  const worker = async () => {
    for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) {
      const one = cases[n];
      const heard = { partial: "", user: users[one.client] };
      told.set(n, heard);
      try {
        heard.reply = await heard.user.tell(`c${n}`, one.what ?? "text", heard);
      } catch (error) {
        heard.error = error;
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
});

after(() => theatre.stop());

for (const [n, one] of cases.entries()) {
  test(one.name, () => {
    const { reply, error, user, partial, failed } = told.get(n);
    const seen = JSON.stringify({ reply, error: `${error}`, partial });
    if (one.text === null) {
      assert.ok(error, seen);
      assert.ok(error instanceof user.error, `${error?.constructor.name}: ${seen}`);
      assert.ok((failed ?? error.message).length > 0, seen);
      if (one.partial !== undefined) assert.equal(partial, one.partial, seen);
      else if (!one.name.startsWith("repetition")) {
        const whole = { tools: BEFORE, schema: '{"city":"Paris","days":7}' }[one.what] ?? WORDS;
        assert.ok(whole.startsWith(partial), seen);
      }
      return;
    }
    assert.equal(error, undefined, seen);
    assert.equal(reply.text, one.text, seen);
    assert.equal(partial, one.text, seen);
    assert.equal(reply.stop, user[one.stop ?? "done"], seen);
    assert.deepEqual(reply.calls.map(([, name, input]) => [name, input]), one.calls ?? [], seen);
    assert.equal(new Set(reply.calls.map(([id]) => id)).size, reply.calls.length, seen);
    assert.ok(reply.inputTokens > 0 && reply.outputTokens > 0, seen);
  });
}
