"""The two SDKs behind one face, so that a test is written once for both dialects.

The SDKs keep their defaults (their own retries above all) unless a test says otherwise.
"""

import json
from dataclasses import dataclass, field

import anthropic
import openai

QUESTION = [{"role": "user", "content": "Say the sixty words."}]

WORDS = (
    "Good systems bend before they break. When one road is closed, a careful "
    "guide already knows the next, walks it without fuss, and arrives with everything still in hand. "
    "Nobody at the café notices the détour; the naïve traveller only tastes the coffee, 温かい and "
    "strong, and wonders why anyone would ever worry about roads, weather, bridges, or the night."
)

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


@dataclass
class Answer:
    """What an application sees of an answer."""

    text: str = ""
    model: str = ""
    finish: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    tools: list = field(default_factory=list)
    headers: dict = field(default_factory=dict)


class OpenAi:
    """`openai` on chat completions."""

    package = openai
    complete = "stop"
    out_of_length = "length"

    def __init__(self, stage, **options):
        options.setdefault("api_key", "any")
        options.setdefault("timeout", 60)
        self.client = openai.OpenAI(base_url=f"{stage.url}/v1", **options)

    def ask(self, how, model="assistant", **more) -> Answer:
        streamed = how == "streamed"
        if streamed:
            more |= {"stream": True, "stream_options": {"include_usage": True}}
        if more.pop("tools", False):
            function = {"name": "weather", "description": "The weather.", "parameters": PARAMETERS}
            more["tools"] = [{"type": "function", "function": function}]
        create = self.client.chat.completions.with_raw_response.create
        raw = create(model=model, messages=QUESTION, **more)
        answer = Answer(headers=raw.headers)
        if streamed:
            return self._read_stream(raw.parse(), answer)
        reply = raw.parse()
        choice = reply.choices[0]
        answer.text = choice.message.content or ""
        answer.model, answer.finish = reply.model, choice.finish_reason
        answer.tools = [
            (call.function.name, json.loads(call.function.arguments))
            for call in choice.message.tool_calls or []
        ]
        self._usage(answer, reply.usage)
        return answer

    def _read_stream(self, stream, answer):
        calls = {}
        for chunk in stream:
            answer.model = chunk.model
            self._usage(answer, chunk.usage)
            for choice in chunk.choices:
                answer.text += choice.delta.content or ""
                answer.finish = choice.finish_reason or answer.finish
                for part in choice.delta.tool_calls or []:
                    name, arguments = calls.get(part.index, ("", ""))
                    name += part.function.name or ""
                    calls[part.index] = (name, arguments + (part.function.arguments or ""))
        answer.tools = [(name, json.loads(arguments)) for name, arguments in calls.values()]
        return answer

    @staticmethod
    def _usage(answer, usage):
        if usage is not None:
            answer.input_tokens, answer.output_tokens = usage.prompt_tokens, usage.completion_tokens

    def pieces(self, model="assistant"):
        """The pieces of a streamed answer's text, and a way to leave early."""
        stream = self.client.chat.completions.create(model=model, messages=QUESTION, stream=True)
        pieces = (
            choice.delta.content
            for chunk in stream
            for choice in chunk.choices
            if choice.delta.content
        )
        return pieces, stream.close

    @staticmethod
    def code(error):
        return error.code

    @staticmethod
    def said(error):
        """The message of the error object, without what the SDK puts around it."""
        return error.body["message"]


class Anthropic:
    """`anthropic` on messages."""

    package = anthropic
    complete = "end_turn"
    out_of_length = "max_tokens"

    def __init__(self, stage, **options):
        options.setdefault("api_key", "any")
        options.setdefault("timeout", 60)
        self.client = anthropic.Anthropic(base_url=stage.url, **options)

    def ask(self, how, model="assistant", **more) -> Answer:
        if more.pop("tools", False):
            tool = {"name": "weather", "description": "The weather.", "input_schema": PARAMETERS}
            more["tools"] = [tool]
        more.setdefault("max_tokens", 500)
        create = self.client.messages.with_raw_response.create
        if how == "streamed":
            raw = create(model=model, messages=QUESTION, stream=True, **more)
            return self._read_stream(raw.parse(), Answer(headers=raw.headers))
        raw = create(model=model, messages=QUESTION, **more)
        reply = raw.parse()
        return Answer(
            text="".join(block.text for block in reply.content if block.type == "text"),
            model=reply.model,
            finish=reply.stop_reason,
            input_tokens=reply.usage.input_tokens,
            output_tokens=reply.usage.output_tokens,
            tools=[(b.name, b.input) for b in reply.content if b.type == "tool_use"],
            headers=raw.headers,
        )

    def _read_stream(self, stream, answer):
        calls = {}
        for event in stream:
            if event.type == "message_start":
                answer.model = event.message.model
                answer.input_tokens = event.message.usage.input_tokens
            elif event.type == "content_block_start" and event.content_block.type == "tool_use":
                calls[event.index] = [event.content_block.name, ""]
            elif event.type == "content_block_delta":
                if event.delta.type == "text_delta":
                    answer.text += event.delta.text
                elif event.delta.type == "input_json_delta":
                    calls[event.index][1] += event.delta.partial_json
            elif event.type == "message_delta":
                answer.finish = event.delta.stop_reason or answer.finish
                answer.output_tokens = event.usage.output_tokens
        answer.tools = [(name, json.loads(arguments)) for name, arguments in calls.values()]
        return answer

    def pieces(self, model="assistant"):
        stream = self.client.messages.create(
            model=model, messages=QUESTION, max_tokens=500, stream=True
        )
        pieces = (
            event.delta.text
            for event in stream
            if event.type == "content_block_delta" and event.delta.type == "text_delta"
        )
        return pieces, stream.close

    @staticmethod
    def code(error):
        return error.body["error"]["code"]

    @staticmethod
    def said(error):
        return error.body["error"]["message"]


def sdk(stage, **options):
    """The official SDK of the stage's dialect."""
    kind = OpenAi if stage.play.dialect == "chat_completions" else Anthropic
    return kind(stage, **options)
