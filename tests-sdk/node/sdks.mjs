// The two SDKs behind one face, so that a test is written once for both dialects. The SDKs keep
// their defaults, their own retries above all, unless a test says otherwise.

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const messages = [{ role: "user", content: "Say the sixty words." }];

export const WORDS =
  "Good systems bend before they break. When one road is closed, a careful " +
  "guide already knows the next, walks it without fuss, and arrives with everything still in hand. " +
  "Nobody at the café notices the détour; the naïve traveller only tastes the coffee, 温かい and " +
  "strong, and wonders why anyone would ever worry about roads, weather, bridges, or the night.";

const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
};

class OfOpenAI {
  complete = "stop";
  package = OpenAI;

  constructor(stage, options) {
    this.client = new OpenAI({ baseURL: `${stage.url}/v1`, apiKey: "any", ...options });
  }

  async ask(how, { model = "assistant", tools = false, ...options } = {}) {
    const body = { model, messages };
    if (tools) body.tools = [{ type: "function", function: { name: "weather", parameters } }];
    if (how === "plain") {
      const { data, response } = await this.client.chat.completions.create(body, options).withResponse();
      const [choice] = data.choices;
      return {
        text: choice.message.content ?? "",
        model: data.model,
        finish: choice.finish_reason,
        outputTokens: data.usage.completion_tokens,
        tools: (choice.message.tool_calls ?? []).map((call) => call.function),
        headers: response.headers,
      };
    }
    Object.assign(body, { stream: true, stream_options: { include_usage: true } });
    const { data, response } = await this.client.chat.completions.create(body, options).withResponse();
    const answer = { text: "", tools: [], headers: response.headers };
    for await (const chunk of data) {
      answer.model = chunk.model;
      answer.outputTokens = chunk.usage?.completion_tokens ?? answer.outputTokens;
      for (const { delta, finish_reason } of chunk.choices) {
        answer.text += delta.content ?? "";
        answer.finish = finish_reason ?? answer.finish;
        for (const part of delta.tool_calls ?? []) {
          const call = (answer.tools[part.index] ??= { name: "", arguments: "" });
          call.name += part.function.name ?? "";
          call.arguments += part.function.arguments ?? "";
        }
      }
    }
    return answer;
  }

  /** The pieces of a streamed answer's text; leaving the loop aborts the stream. */
  async *pieces() {
    const body = { model: "assistant", messages, stream: true };
    for await (const chunk of await this.client.chat.completions.create(body)) {
      const text = chunk.choices[0]?.delta.content;
      if (text) yield text;
    }
  }

  code = (error) => error.code;
  said = (error) => error.error.message;
}

class OfAnthropic {
  complete = "end_turn";
  package = Anthropic;

  constructor(stage, options) {
    this.client = new Anthropic({ baseURL: stage.url, apiKey: "any", ...options });
  }

  async ask(how, { model = "assistant", tools = false, ...options } = {}) {
    const body = { model, messages, max_tokens: 500 };
    if (tools) body.tools = [{ name: "weather", input_schema: parameters }];
    if (how === "plain") {
      const { data, response } = await this.client.messages.create(body, options).withResponse();
      return {
        text: data.content.map((block) => block.text ?? "").join(""),
        model: data.model,
        finish: data.stop_reason,
        outputTokens: data.usage.output_tokens,
        tools: data.content
          .filter((block) => block.type === "tool_use")
          .map(({ name, input }) => ({ name, arguments: JSON.stringify(input) })),
        headers: response.headers,
      };
    }
    body.stream = true;
    const { data, response } = await this.client.messages.create(body, options).withResponse();
    const answer = { text: "", tools: [], headers: response.headers };
    const calls = {};
    for await (const event of data) {
      if (event.type === "message_start") answer.model = event.message.model;
      if (event.type === "content_block_start" && event.content_block.type === "tool_use") {
        calls[event.index] = { name: event.content_block.name, arguments: "" };
      }
      if (event.type === "content_block_delta") {
        answer.text += event.delta.text ?? "";
        if (event.delta.partial_json) calls[event.index].arguments += event.delta.partial_json;
      }
      if (event.type === "message_delta") {
        answer.finish = event.delta.stop_reason ?? answer.finish;
        answer.outputTokens = event.usage.output_tokens;
      }
    }
    answer.tools = Object.values(calls);
    return answer;
  }

  async *pieces() {
    const body = { model: "assistant", messages, max_tokens: 500, stream: true };
    for await (const event of await this.client.messages.create(body)) {
      if (event.type === "content_block_delta" && event.delta.text) yield event.delta.text;
    }
  }

  code = (error) => error.error.error.code;
  said = (error) => error.error.error.message;
}

/** The official SDK of the stage's dialect. */
export function sdk(stage, options = {}) {
  const Kind = stage.play.dialect === "chat_completions" ? OfOpenAI : OfAnthropic;
  return new Kind(stage, { timeout: 60_000, ...options });
}
