"""The official SDKs' own means to put a stream together, behind one face, and a strict look at the
events they were given: what an application hears, and whether the events made sense.

`tell` and `tell_async` never raise what an SDK raises: it is a part of what was heard.
"""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import anthropic
import openai
from clients import QUESTION, SCHEMA, TOOL
from google import genai
from google.genai import errors
from google.genai import types as google

TWO_TOOLS = ["weather", "time"]
WEATHER = "How is the weather in Paris?"


@dataclass
class Told:
    """What an application heard of one stream."""

    text: str = ""
    model: str = ""
    thoughts: str = ""
    stop: str | None = None
    calls: list = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    headers: dict = field(default_factory=dict, repr=False)
    # When text came, in seconds since it was asked.
    at: list[float] = field(default_factory=list, repr=False)
    # What was heard before an error.
    partial: str = ""
    error: Exception | None = None
    # What did not make sense among the events.
    flaws: list[str] = field(default_factory=list)

    def must(self, holds, words):
        if not holds:
            self.flaws.append(words)


class EndedWithoutFinal(Exception):
    """A stream that said of itself that it failed, where the SDK itself raises nothing."""


class Reading:
    """One stream being read."""

    def __init__(self):
        self.told = Told()
        self.began = time.monotonic()

    def heard(self, text):
        if text:
            self.told.partial += text
            self.told.at.append(time.monotonic() - self.began)


# ---------------------------------------------------------------- chat completions


class ChatReading(Reading):
    def __init__(self):
        super().__init__()
        self.heads, self.roles, self.finishes, self.usages = set(), 0, 0, 0
        self.begun = {}

    def seen(self, event):
        if event.type != "chunk":
            return
        chunk = event.chunk
        told = self.told
        self.heads.add((chunk.id, chunk.created, chunk.object))
        told.must(len(self.heads) == 1, f"more than one head: {self.heads}")
        if chunk.usage:
            self.usages += 1
        for choice in chunk.choices:
            told.must(choice.index == 0, "one choice alone")
            told.must(not self.finishes or not choice.delta.content, "text behind the finish")
            self.roles += bool(choice.delta.role)
            self.finishes += bool(choice.finish_reason)
            self.heard(choice.delta.content)
            for call in choice.delta.tool_calls or []:
                if call.id:
                    told.must(call.index == len(self.begun), f"call {call.index} begins out of order")
                    told.must(call.index not in self.begun, f"call {call.index} begins twice")
                    self.begun[call.index] = call.id
                told.must(call.index in self.begun, f"call {call.index} goes on unbegun")

    def final(self, reply):
        told = self.told
        told.must(self.finishes == 1, f"{self.finishes} finish reasons")
        told.must(self.usages == 1, f"{self.usages} usages")
        told.must(self.roles == 1, f"{self.roles} roles")
        self.whole(reply)

    def whole(self, reply):
        told, choice = self.told, reply.choices[0]
        told.model = reply.model
        told.must(choice.message.role == "assistant", f"role {choice.message.role}")
        told.text, told.stop = choice.message.content or "", choice.finish_reason
        told.thoughts = (choice.message.model_extra or {}).get("reasoning_content") or ""
        told.calls = [
            (call.id, call.function.name, json.loads(call.function.arguments))
            for call in choice.message.tool_calls or []
        ]
        if reply.usage:
            told.input_tokens = reply.usage.prompt_tokens
            told.output_tokens = reply.usage.completion_tokens


def chat_request(what, bound):
    create = {"messages": [{"role": "user", "content": QUESTION}]}
    if what == "tools":
        create["messages"] = [{"role": "user", "content": WEATHER}]
        create["tools"] = [
            {"type": "function", "function": {"name": name, "parameters": TOOL, "strict": True}}
            for name in TWO_TOOLS
        ]
    if what == "schema":
        schema = {"name": "trip", "schema": SCHEMA, "strict": True}
        create["response_format"] = {"type": "json_schema", "json_schema": schema}
    if what == "thinking":
        create["reasoning_effort"] = "low"
    if bound:
        create["max_completion_tokens"] = bound
    return {**create, "stream_options": {"include_usage": True}}


def openai_clients(url, **options):
    options = {"base_url": f"{url}/v1", "api_key": "any", "max_retries": 0, "timeout": 60, **options}
    return openai.OpenAI(**options), openai.AsyncOpenAI(**options)


class Chat:
    dialect = "chat_completions"
    done, wants_tools, out_of_length = "stop", "tool_calls", "length"
    errors = openai.APIError
    reading, request = ChatReading, staticmethod(chat_request)

    def __init__(self, url, **options):
        self.client, self.async_client = openai_clients(url, **options)

    def tell(self, create, reading):
        with self.client.chat.completions.stream(**create) as stream:
            reading.told.headers = stream._response.headers
            for event in stream:
                reading.seen(event)
            reading.final(stream.get_final_completion())

    def tell_plain(self, create, reading):
        create.pop("stream_options")
        reading.whole(self.client.chat.completions.create(**create))

    async def tell_async(self, create, reading):
        async with self.async_client.chat.completions.stream(**create) as stream:
            reading.told.headers = stream._response.headers
            async for event in stream:
                reading.seen(event)
            reading.final(await stream.get_final_completion())


# ---------------------------------------------------------------- messages


class MessagesReading(Reading):
    def __init__(self):
        super().__init__()
        self.blocks, self.open, self.starts, self.deltas, self.stops = 0, None, 0, 0, 0

    def seen(self, event):
        told = self.told
        match event.type:
            case "message_start":
                self.starts += 1
                told.must(event.message.role == "assistant", "role")
                told.must(event.message.content == [], "begins empty")
            case "content_block_start":
                told.must(self.open is None, f"block {event.index} begins inside another")
                told.must(event.index == self.blocks, f"block {event.index} out of order")
                self.open, self.blocks = event.index, self.blocks + 1
            case "content_block_delta":
                told.must(self.open == event.index, f"a delta of block {event.index}, which is not open")
                if event.delta.type == "text_delta":
                    self.heard(event.delta.text)
            case "content_block_stop":
                told.must(self.open == event.index, f"the end of block {event.index}, which is not open")
                self.open = None
            case "message_delta":
                told.must(self.open is None, "an end inside a block")
                self.deltas += bool(event.delta.stop_reason)
            case "message_stop":
                self.stops += 1

    def final(self, reply):
        told = self.told
        counts = (self.starts, self.deltas, self.stops)
        told.must(counts == (1, 1, 1), f"starts, reasons and stops: {counts}")
        self.whole(reply)

    def whole(self, reply):
        told = self.told
        told.model = reply.model
        kinds = [block.type for block in reply.content]
        told.text = "".join(block.text for block in reply.content if block.type == "text")
        told.thoughts = "".join(b.thinking for b in reply.content if b.type == "thinking")
        told.calls = [(b.id, b.name, b.input) for b in reply.content if b.type == "tool_use"]
        told.must(kinds.count("text") <= 1, f"blocks {kinds}")
        told.stop = reply.stop_reason
        usage = reply.usage
        told.input_tokens = usage.input_tokens + (usage.cache_read_input_tokens or 0)
        told.output_tokens = usage.output_tokens


def messages_request(what, bound):
    create = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": bound or 4000}
    if what == "tools":
        create["messages"] = [{"role": "user", "content": WEATHER}]
        create["tools"] = [{"name": name, "input_schema": TOOL} for name in TWO_TOOLS]
    if what == "schema":
        create["output_config"] = {"format": {"type": "json_schema", "schema": SCHEMA}}
    if what == "thinking":
        create["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    return create


class Messages:
    dialect = "messages"
    done, wants_tools, out_of_length = "end_turn", "tool_use", "max_tokens"
    errors = anthropic.APIError
    reading, request = MessagesReading, staticmethod(messages_request)

    def __init__(self, url, **options):
        options = {"base_url": url, "api_key": "any", "max_retries": 0, "timeout": 60, **options}
        self.client = anthropic.Anthropic(**options)
        self.async_client = anthropic.AsyncAnthropic(**options)

    def tell(self, create, reading):
        with self.client.messages.stream(**create) as stream:
            reading.told.headers = stream.response.headers
            for event in stream:
                reading.seen(event)
            reading.final(stream.get_final_message())

    def tell_plain(self, create, reading):
        reading.whole(self.client.messages.create(**create))

    async def tell_async(self, create, reading):
        async with self.async_client.messages.stream(**create) as stream:
            reading.told.headers = stream.response.headers
            async for event in stream:
                reading.seen(event)
            reading.final(await stream.get_final_message())


# ---------------------------------------------------------------- responses


class ResponsesReading(Reading):
    def __init__(self):
        super().__init__()
        self.next, self.ids, self.items, self.open = 0, set(), {}, set()

    def seen(self, event):
        told = self.told
        told.must(event.sequence_number == self.next, f"number {event.sequence_number}, not {self.next}")
        self.next = event.sequence_number + 1
        if response := getattr(event, "response", None):
            self.ids.add(response.id)
            told.must(len(self.ids) == 1, f"ids {self.ids}")
        match event.type:
            case "response.output_item.added":
                told.must(event.output_index == len(self.items), f"item {event.output_index} out of order")
                self.items[event.output_index] = event.item.id
                self.open.add(event.output_index)
            case "response.output_item.done":
                told.must(event.output_index in self.open, f"item {event.output_index} is not open")
                told.must(self.items.get(event.output_index) == event.item.id, "another id of the item")
                self.open.discard(event.output_index)
            case "response.output_text.delta":
                told.must(self.items.get(event.output_index) == event.item_id, "a delta of another item")
                self.heard(event.delta)
            case "response.failed":
                raise EndedWithoutFinal(event.response.error.message)

    def final(self, reply):
        told = self.told
        told.must(not self.open, f"items left open: {self.open}")
        self.whole(reply)

    def whole(self, reply):
        told = self.told
        told.model = reply.model
        texts = [item for item in reply.output if item.type == "message"]
        told.must(len(texts) <= 1, f"{len(texts)} messages")
        told.text, told.stop = reply.output_text, reply.status
        told.thoughts = "".join(
            part.text for item in reply.output if item.type == "reasoning" for part in item.summary
        )
        told.calls = [
            (item.call_id, item.name, json.loads(item.arguments))
            for item in reply.output
            if item.type == "function_call"
        ]
        told.input_tokens = reply.usage.input_tokens
        told.output_tokens = reply.usage.output_tokens


def responses_request(what, bound):
    create = {"input": QUESTION}
    if what == "tools":
        create["input"] = WEATHER
        create["tools"] = [
            {"type": "function", "name": name, "parameters": TOOL, "strict": True}
            for name in TWO_TOOLS
        ]
    if what == "schema":
        shape = {"type": "json_schema", "name": "trip", "schema": SCHEMA, "strict": True}
        create["text"] = {"format": shape}
    if what == "thinking":
        create["reasoning"] = {"effort": "low", "summary": "auto"}
        create["include"] = ["reasoning.encrypted_content"]
    if bound:
        create["max_output_tokens"] = bound
    return create


class Responses:
    dialect = "responses"
    done, wants_tools, out_of_length = "completed", "completed", "incomplete"
    # The SDK raises nothing for a response that failed, it only has no final one.
    errors = (openai.APIError, EndedWithoutFinal)
    reading, request = ResponsesReading, staticmethod(responses_request)

    def __init__(self, url, **options):
        self.client, self.async_client = openai_clients(url, **options)

    def tell(self, create, reading):
        with self.client.responses.stream(**create) as stream:
            reading.told.headers = stream._response.headers
            for event in stream:
                reading.seen(event)
            reading.final(stream.get_final_response())

    def tell_plain(self, create, reading):
        reading.whole(self.client.responses.create(**create))

    async def tell_async(self, create, reading):
        async with self.async_client.responses.stream(**create) as stream:
            reading.told.headers = stream._response.headers
            async for event in stream:
                reading.seen(event)
            reading.final(await stream.get_final_response())


# ---------------------------------------------------------------- generate content


class GenerateReading(Reading):
    def __init__(self):
        super().__init__()
        self.ids, self.finishes = set(), []

    def seen(self, chunk):
        told = self.told
        if chunk.sdk_http_response and not told.headers:
            told.headers = {k.lower(): v for k, v in chunk.sdk_http_response.headers.items()}
        told.model = chunk.model_version
        self.ids.add(chunk.response_id)
        told.must(len(self.ids) == 1, f"ids {self.ids}")
        if usage := chunk.usage_metadata:
            thoughts = usage.thoughts_token_count or 0
            told.input_tokens = usage.prompt_token_count or 0
            told.output_tokens = (usage.candidates_token_count or 0) + thoughts
        for candidate in chunk.candidates or []:
            content = candidate.content
            told.must(content is None or content.role in (None, "model"), "role")
            for part in (content and content.parts) or []:
                told.must(not self.finishes, "content behind the finish")
                self.part(part)
            if candidate.finish_reason:
                self.finishes.append(candidate.finish_reason.value)

    def part(self, part):
        told = self.told
        if part.function_call:
            call = part.function_call
            told.calls.append((call.id, call.name, call.args))
        elif part.thought:
            told.thoughts += part.text or ""
        elif part.text:
            told.text += part.text
            self.heard(part.text)

    def whole(self, reply):
        self.seen(reply)
        self.final(None)

    def final(self, _):
        told = self.told
        told.must(len(self.finishes) == 1, f"finish reasons {self.finishes}")
        told.stop = self.finishes[0] if self.finishes else None


def generate_request(what, bound):
    config = {"automatic_function_calling": {"disable": True}}
    contents = QUESTION
    if what == "tools":
        contents = WEATHER
        functions = [
            google.FunctionDeclaration(name=name, parameters_json_schema=TOOL) for name in TWO_TOOLS
        ]
        config["tools"] = [google.Tool(function_declarations=functions)]
    if what == "schema":
        config |= {"response_mime_type": "application/json", "response_json_schema": SCHEMA}
    if what == "thinking":
        config["thinking_config"] = google.ThinkingConfig(include_thoughts=True)
    if bound:
        config["max_output_tokens"] = bound
    return {"contents": contents, "config": google.GenerateContentConfig(**config)}


class GenerateContent:
    dialect = "generate_content"
    done, wants_tools, out_of_length = "STOP", "STOP", "MAX_TOKENS"
    errors = errors.APIError
    reading, request = GenerateReading, staticmethod(generate_request)

    def __init__(self, url, timeout=60):
        options = google.HttpOptions(base_url=url, timeout=timeout * 1000)
        self.client = genai.Client(api_key="any", http_options=options)
        self.async_client = self.client.aio

    def tell(self, create, reading):
        for chunk in self.client.models.generate_content_stream(**create):
            reading.seen(chunk)
        reading.final(None)

    def tell_plain(self, create, reading):
        reading.whole(self.client.models.generate_content(**create))

    async def tell_async(self, create, reading):
        async for chunk in await self.async_client.models.generate_content_stream(**create):
            reading.seen(chunk)
        reading.final(None)


CLIENTS = {kind.dialect: kind for kind in [Chat, Messages, Responses, GenerateContent]}


def tell(client, route, what="text", bound=None, how="streamed") -> Told:
    """Asks that route and puts the stream together as the SDK does."""
    reading = client.reading()
    ask = client.tell if how == "streamed" else client.tell_plain
    try:
        ask({"model": route, **client.request(what, bound)}, reading)
    except Exception as error:  # whatever an application would have to catch
        reading.told.error = error
    return reading.told


async def tell_async(client, route, what="text", bound=None) -> Told:
    """The same with the SDK's other half."""
    reading = client.reading()
    try:
        await client.tell_async({"model": route, **client.request(what, bound)}, reading)
    except Exception as error:  # whatever an application would have to catch
        reading.told.error = error
    return reading.told


class Users:
    """One client of each SDK for all that ask at the same time, and a loop for their async halves."""

    def __init__(self, url, threads):
        self.clients = {dialect: kind(url) for dialect, kind in CLIENTS.items()}
        self.pool = ThreadPoolExecutor(threads)
        self.loop = asyncio.new_event_loop()
        self.limit = asyncio.Semaphore(threads)
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def ask(self, half, dialect, *arguments):
        """What will have been heard."""
        client = self.clients[dialect]
        if half == "sync":
            return self.pool.submit(tell, client, *arguments)
        return asyncio.run_coroutine_threadsafe(self._ask(client, *arguments), self.loop)

    async def _ask(self, client, *arguments):
        async with self.limit:
            return await tell_async(client, *arguments)

    def close(self):
        self.pool.shutdown(cancel_futures=True)
        self.loop.call_soon_threadsafe(self.loop.stop)
