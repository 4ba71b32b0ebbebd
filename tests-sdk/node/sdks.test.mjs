// The official Node SDKs through the gateway: answers, streams, typed errors, no multiplication.

import assert from "node:assert/strict";
import { test } from "node:test";

import { WORDS, sdk } from "./sdks.mjs";
import { DIALECTS, staged } from "./stage.mjs";

const HOW = ["plain", "streamed"];

/** One test for each dialect, and for each of the ways to ask. */
function each(name, play, check) {
  for (const dialect of DIALECTS) {
    for (const how of HOW) {
      test(`${name} (${dialect}, ${how})`, () =>
        staged({ dialect, ...play }, (stage) => check(stage, sdk(stage), how)));
    }
  }
}

async function failing(user, how, options) {
  const error = await user.ask(how, options).then(
    () => assert.fail("answered"),
    (error) => error,
  );
  assert.ok(error instanceof user.package.APIError, `${error}`);
  return error;
}

each("a healthy answer arrives whole", {}, async (stage, user, how) => {
  const answer = await user.ask(how);
  assert.equal(answer.text, WORDS);
  assert.equal(answer.model, "primary");
  assert.equal(answer.finish, user.complete);
  assert.ok(answer.outputTokens > 0);
  assert.equal(answer.headers.get("x-failsoft-target"), "first/primary");
  assert.equal(answer.headers.get("x-request-id"), answer.headers.get("x-failsoft-call"));
});

const BEFORE_CONTENT = ["fail-500", "fail-503", "fail-429", "reset", "silent", "html", "error-200"];
for (const fault of BEFORE_CONTENT) {
  each(`${fault} is answered by another target`, { primary: fault }, async (stage, user, how) => {
    const answer = await user.ask(how);
    assert.equal(answer.text, WORDS);
    assert.equal(answer.model, "backup");
    assert.ok((await stage.attempts()).length <= 3);
  });
}

each("a tool call arrives whole", { primary: "fail-503", backup: "tools" }, async (stage, user, how) => {
  const { tools } = await user.ask(how, { tools: true });
  assert.equal(tools.length, 1);
  assert.equal(tools[0].name, "weather");
  JSON.parse(tools[0].arguments);
});

const EVERYWHERE = [
  ["fail-429", "RateLimitError", 429, "rate_limited"],
  ["fail-500", "InternalServerError", 503, "server_error"],
  ["context-length", "BadRequestError", 400, "context_length_exceeded"],
  ["content-policy", "BadRequestError", 400, "content_filtered"],
];
for (const [fault, kind, status, code] of EVERYWHERE) {
  each(`${fault} everywhere raises ${kind}`, { primary: fault, backup: fault }, async (stage, user, how) => {
    const error = await failing(user, how);
    assert.ok(error instanceof user.package[kind], `${error.constructor.name}`);
    assert.equal(error.status, status);
    assert.equal(user.code(error), code);
    assert.ok(user.said(error).length > 10);
    assert.ok(error.requestID);
    assert.equal(error.headers.get("x-failsoft-call"), error.requestID);
    // The SDK's own retries are on: one user call, at most three attempts.
    assert.ok((await stage.attempts()).length <= 3);
  });
}

each("an unknown model lists the routes", {}, async (stage, user, how) => {
  const error = await failing(user, how, { model: "gpt-nobody" });
  assert.ok(error instanceof user.package.NotFoundError, `${error}`);
  assert.match(user.said(error), /assistant/);
  assert.equal((await stage.attempts()).length, 0);
});

each("words are in the caller's language", { primary: "fail-503", backup: null }, async (stage, user, how) => {
  const english = user.said(await failing(user, how));
  const japanese = user.said(await failing(user, how, { headers: { "accept-language": "ja" } }));
  assert.notEqual(english, japanese);
  assert.match(japanese, /[ぁ-ん]/);
});

for (const fault of ["cut-after-40", "reset-after-40", "end-after-40", "inband-error-after-20"]) {
  for (const dialect of DIALECTS) {
    test(`${fault} raises after what came where nothing is continued (${dialect})`, () =>
      staged({ dialect, primary: fault, more: "[policy.resume]\nenabled = false" }, async (stage) => {
        const user = sdk(stage);
        let text = "";
        await assert.rejects(async () => {
          for await (const piece of user.pieces()) text += piece;
        });
        assert.ok(WORDS.startsWith(text) && text !== WORDS, text);
      }));
  }
}

for (const dialect of DIALECTS) {
  test(`a caller who leaves a stream cancels upstream (${dialect})`, () =>
    staged({ dialect, primary: "slow-tokens-50ms" }, async (stage) => {
      let seen = 0;
      for await (const _ of sdk(stage).pieces()) {
        seen += 1;
        if (seen === 3) break;
      }
      assert.ok(await stage.seesCancelled());
    }));

  test(`models are listed (${dialect})`, () =>
    staged({ dialect }, async (stage) => {
      const ids = [];
      for await (const model of sdk(stage).client.models.list()) ids.push(model.id);
      assert.ok(ids.includes("assistant"), `${ids}`);
    }));
}

const DEGRADE = { more: '[routes.assistant.degrade]\nreply = { en = "I cannot answer right now." }' };
each("a degraded reply is an assistant's message", { primary: "fail-503", backup: "fail-503", ...DEGRADE },
  async (stage, user, how) => {
    const answer = await user.ask(how);
    assert.equal(answer.text, "I cannot answer right now.");
    assert.equal(answer.finish, user.complete);
    assert.equal(answer.headers.get("x-failsoft-outcome"), "degraded");
  });
