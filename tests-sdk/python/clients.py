"""Four clients behind one face: each dialect's official SDK asks the same four things.

Every method returns what an application would look at; whether it came plain or streamed is told
by `how`, and a streamed answer is put together by the SDK's own means where it has some.
"""

import base64
import json
from dataclasses import dataclass, field

import anthropic
import openai
from google import genai
from google.genai import types as google

QUESTION = "Say the sixty words."
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOL = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
DESCRIPTION = "The weather in a city."


@dataclass
class Heard:
    """What an application hears."""

    text: str = ""
    stop: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    calls: list = field(default_factory=list)


class Chat:
    """`openai` on chat completions."""

    dialect = "chat_completions"
    done, wants_tools = "stop", "tool_calls"

    def __init__(self, url):
        self.client = openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=30)

    def _ask(self, how, model, messages, **more):
        create = {"model": model, "messages": messages, **more}
        if how == "plain":
            reply = self.client.chat.completions.create(**create)
        else:
            with self.client.chat.completions.stream(
                **create, stream_options={"include_usage": True}
            ) as stream:
                for _ in stream:
                    pass
                reply = stream.get_final_completion()
        choice = reply.choices[0]
        calls = [
            (call.id, call.function.name, json.loads(call.function.arguments))
            for call in choice.message.tool_calls or []
        ]
        return reply, Heard(
            text=choice.message.content or "",
            stop=choice.finish_reason,
            input_tokens=reply.usage.prompt_tokens,
            output_tokens=reply.usage.completion_tokens,
            calls=calls,
        )

    def text(self, how, model, system=None):
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": QUESTION})
        return self._ask(how, model, messages)[1]

    def tools(self, how, model):
        function = {"name": "weather", "description": DESCRIPTION, "parameters": TOOL, "strict": True}
        tools = [{"type": "function", "function": function}]
        messages = [{"role": "user", "content": "How is the weather in Paris?"}]
        reply, first = self._ask(how, model, messages, tools=tools)
        messages.append(reply.choices[0].message.model_dump(exclude_none=True, exclude={"parsed"}))
        for call in messages[-1].get("tool_calls", []):
            call["function"].pop("parsed_arguments", None)
        for ident, _, _ in first.calls:
            messages.append({"role": "tool", "tool_call_id": ident, "content": "18 degrees"})
        return first, self._ask(how, model, messages, tools=tools)[1]

    def image(self, how, model):
        parts = [
            {"type": "text", "text": "What do you see?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        ]
        return self._ask(how, model, [{"role": "user", "content": parts}])[1]

    def schema(self, how, model):
        schema = {"name": "trip", "schema": SCHEMA, "strict": True}
        shape = {"type": "json_schema", "json_schema": schema}
        messages = [{"role": "user", "content": "Plan a trip."}]
        return self._ask(how, model, messages, response_format=shape)[1]


class Messages:
    """`anthropic` on messages."""

    dialect = "messages"
    done, wants_tools = "end_turn", "tool_use"

    def __init__(self, url):
        self.client = anthropic.Anthropic(base_url=url, api_key="any", max_retries=0, timeout=30)

    def _ask(self, how, model, messages, **more):
        create = {"model": model, "messages": messages, "max_tokens": 500, **more}
        if how == "plain":
            reply = self.client.messages.create(**create)
        else:
            with self.client.messages.stream(**create) as stream:
                reply = stream.get_final_message()
        usage = reply.usage
        cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        return reply, Heard(
            text="".join(block.text for block in reply.content if block.type == "text"),
            stop=reply.stop_reason,
            input_tokens=usage.input_tokens + cached,
            output_tokens=usage.output_tokens,
            calls=[(b.id, b.name, b.input) for b in reply.content if b.type == "tool_use"],
        )

    def text(self, how, model, system=None):
        more = {"system": system} if system else {}
        return self._ask(how, model, [{"role": "user", "content": QUESTION}], **more)[1]

    def tools(self, how, model):
        tools = [{"name": "weather", "description": DESCRIPTION, "input_schema": TOOL}]
        messages = [{"role": "user", "content": "How is the weather in Paris?"}]
        reply, first = self._ask(how, model, messages, tools=tools)
        content = [block.model_dump(exclude_none=True) for block in reply.content]
        results = [
            {"type": "tool_result", "tool_use_id": ident, "content": "18 degrees"}
            for ident, _, _ in first.calls
        ]
        messages += [
            {"role": "assistant", "content": content},
            {"role": "user", "content": results},
        ]
        return first, self._ask(how, model, messages, tools=tools)[1]

    def image(self, how, model):
        source = {"type": "base64", "media_type": "image/png", "data": PNG}
        parts = [{"type": "text", "text": "What do you see?"}, {"type": "image", "source": source}]
        return self._ask(how, model, [{"role": "user", "content": parts}])[1]

    def schema(self, how, model):
        messages = [{"role": "user", "content": "Plan a trip."}]
        shape = {"format": {"type": "json_schema", "schema": SCHEMA}}
        return self._ask(how, model, messages, output_config=shape)[1]


class Responses:
    """`openai` on responses."""

    dialect = "responses"
    done, wants_tools = "completed", "completed"

    def __init__(self, url):
        self.client = openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=30)

    def _ask(self, how, model, items, **more):
        create = {"model": model, "input": items, **more}
        if how == "plain":
            reply = self.client.responses.create(**create)
        else:
            with self.client.responses.stream(**create) as stream:
                for _ in stream:
                    pass
                reply = stream.get_final_response()
        calls = [
            (item.call_id, item.name, json.loads(item.arguments))
            for item in reply.output
            if item.type == "function_call"
        ]
        return reply, Heard(
            text=reply.output_text,
            stop=reply.status,
            input_tokens=reply.usage.input_tokens,
            output_tokens=reply.usage.output_tokens,
            calls=calls,
        )

    def text(self, how, model, system=None):
        more = {"instructions": system} if system else {}
        return self._ask(how, model, QUESTION, **more)[1]

    def tools(self, how, model):
        tools = [
            {
                "type": "function",
                "name": "weather",
                "description": DESCRIPTION,
                "parameters": TOOL,
                "strict": True,
            }
        ]
        items = [{"role": "user", "content": "How is the weather in Paris?"}]
        reply, first = self._ask(how, model, items, tools=tools)
        for item in reply.output:
            sent = item.model_dump(exclude_none=True)
            sent.pop("parsed_arguments", None)
            items.append(sent)
        items += [
            {"type": "function_call_output", "call_id": ident, "output": "18 degrees"}
            for ident, _, _ in first.calls
        ]
        return first, self._ask(how, model, items, tools=tools)[1]

    def image(self, how, model):
        parts = [
            {"type": "input_text", "text": "What do you see?"},
            {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
        ]
        return self._ask(how, model, [{"role": "user", "content": parts}])[1]

    def schema(self, how, model):
        shape = {"format": {"type": "json_schema", "name": "trip", "schema": SCHEMA, "strict": True}}
        return self._ask(how, model, "Plan a trip.", text=shape)[1]


class GenerateContent:
    """`google-genai` on generate content."""

    dialect = "generate_content"
    done, wants_tools = "STOP", "STOP"

    def __init__(self, url):
        options = google.HttpOptions(base_url=url, timeout=30_000)
        self.client = genai.Client(api_key="any", http_options=options)

    def _ask(self, how, model, contents, **more):
        more["automatic_function_calling"] = {"disable": True}
        config = google.GenerateContentConfig(**more)
        ask = {"model": model, "contents": contents, "config": config}
        if how == "plain":
            replies = [self.client.models.generate_content(**ask)]
        else:
            replies = list(self.client.models.generate_content_stream(**ask))
        parts, heard = [], Heard()
        for reply in replies:
            candidate = reply.candidates[0] if reply.candidates else None
            if candidate and candidate.finish_reason:
                heard.stop = candidate.finish_reason.value
            if candidate and candidate.content:
                parts += candidate.content.parts or []
            if usage := reply.usage_metadata:
                thoughts = usage.thoughts_token_count or 0
                heard.input_tokens = usage.prompt_token_count or 0
                heard.output_tokens = (usage.candidates_token_count or 0) + thoughts
        heard.text = "".join(part.text for part in parts if part.text and not part.thought)
        heard.calls = [
            (part.function_call.id, part.function_call.name, part.function_call.args)
            for part in parts
            if part.function_call
        ]
        return google.Content(role="model", parts=parts), heard

    def text(self, how, model, system=None):
        more = {"system_instruction": system} if system else {}
        return self._ask(how, model, QUESTION, **more)[1]

    def tools(self, how, model):
        function = google.FunctionDeclaration(
            name="weather", description=DESCRIPTION, parameters_json_schema=TOOL
        )
        tools = [google.Tool(function_declarations=[function])]
        asked = google.Content(role="user", parts=[google.Part(text="How is the weather in Paris?")])
        said, first = self._ask(how, model, [asked], tools=tools)
        results = [
            google.Part(
                function_response=google.FunctionResponse(
                    id=ident, name=name, response={"result": "18 degrees"}
                )
            )
            for ident, name, _ in first.calls
        ]
        contents = [asked, said, google.Content(role="user", parts=results)]
        return first, self._ask(how, model, contents, tools=tools)[1]

    def image(self, how, model):
        picture = google.Part.from_bytes(data=base64.b64decode(PNG), mime_type="image/png")
        return self._ask(how, model, [google.Part(text="What do you see?"), picture])[1]

    def schema(self, how, model):
        shape = {"response_mime_type": "application/json", "response_json_schema": SCHEMA}
        return self._ask(how, model, "Plan a trip.", **shape)[1]


CLIENTS = [Chat, Messages, Responses, GenerateContent]
