"""What is sent to a provider after translation is what its official description allows."""

import json

import anthropic
import openai
import pytest
from clients import PNG, SCHEMA, TOOL
from google import genai
from google.genai import types as google
from house import TARGETS
from judges import JUDGES, openapi_path
from stage import fetch

PDF = "JVBERi0xLjQKJSVFT0YK"


def chat(url, model, thinks):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=30)
    function = {"name": "weather", "description": "The weather.", "parameters": TOOL, "strict": True}
    calls = [
        {"id": f"call_{n}", "type": "function", "function": {"name": "weather", "arguments": args}}
        for n, args in enumerate(['{"city":"Paris"}', "not json"])
    ]
    shape = {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA, "strict": True}}
    file = {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}
    more = {"reasoning_effort": "low"} if thinks else {"temperature": 1.7, "top_p": 0.9}
    client.chat.completions.create(
        model=model,
        messages=[
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": "Weather?", "name": "ada"},
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": "call_0", "content": "18 degrees"},
            {"role": "tool", "tool_call_id": "call_1", "content": ""},
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "And now?"},
                    {
                        "type": "image_url",
                        "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"},
                    },
                    {"type": "file", "file": file},
                ],
            },
        ],
        tools=[{"type": "function", "function": function}],
        tool_choice="auto",
        parallel_tool_calls=False,
        response_format=shape,
        max_completion_tokens=400,
        stop=["END", "\n\n"],
        seed=7,
        presence_penalty=0.5,
        logit_bias={"50256": -100},
        user="u-1",
        metadata={"team": "search"},
        **more,
    )


def messages(url, model, thinks):
    client = anthropic.Anthropic(base_url=url, api_key="any", max_retries=0, timeout=30)
    uses = [
        {"type": "tool_use", "id": f"toolu_{n}", "name": "weather", "input": {"city": "Paris"}}
        for n in range(2)
    ]
    picture = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": PNG},
    }
    paper = {
        "type": "document",
        "title": "a",
        "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
    }
    results = [
        {"type": "tool_result", "tool_use_id": "toolu_0", "content": [picture], "is_error": False},
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "no", "is_error": True},
    ]
    thinking = {"type": "enabled", "budget_tokens": 1024}
    more = {"thinking": thinking} if thinks else {"extra_body": {"temperature": 0.3, "top_k": 5}}
    client.messages.create(
        model=model,
        max_tokens=2000,
        system=[{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": [{"type": "text", "text": "I look."}, *uses]},
            {"role": "user", "content": [*results, {"type": "text", "text": "So?"}]},
            {"role": "assistant", "content": "Mild."},
            {"role": "user", "content": [picture, paper, {"type": "text", "text": "And now?"}]},
        ],
        tools=[{"name": "weather", "description": "The weather.", "input_schema": TOOL}],
        tool_choice={"type": "auto", "disable_parallel_tool_use": True},
        stop_sequences=["END"],
        metadata={"user_id": "u-1"},
        **more,
    )


def responses(url, model, thinks):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=30)
    call = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}
    picture = f"data:image/png;base64,{PNG}"
    more = {"reasoning": {"effort": "high", "summary": "auto"}} if thinks else {"temperature": 0.2}
    client.responses.create(
        model=model,
        instructions="Be kind.",
        input=[
            {"role": "user", "content": "Weather?"},
            call,
            {"type": "function_call_output", "call_id": "c1", "output": "18 degrees"},
            {"role": "assistant", "content": "Mild."},
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "And now?"},
                    {"type": "input_image", "image_url": picture, "detail": "auto"},
                    {
                        "type": "input_file",
                        "filename": "a.pdf",
                        "file_data": f"data:application/pdf;base64,{PDF}",
                    },
                ],
            },
        ],
        tools=[{"type": "function", "name": "weather", "parameters": TOOL, "strict": True}],
        tool_choice="auto",
        parallel_tool_calls=True,
        text={"format": {"type": "json_schema", "name": "trip", "schema": SCHEMA, "strict": True}},
        max_output_tokens=4000,
        metadata={"team": "search"},
        safety_identifier="u-1",
        **more,
    )


def generate(url, model, thinks):
    options = google.HttpOptions(base_url=url, timeout=30_000)
    client = genai.Client(api_key="any", http_options=options)
    call = {"function_call": {"name": "weather", "args": {"city": "Paris"}}}
    answer = {"function_response": {"name": "weather", "response": {"result": "18 degrees"}}}
    function = {"name": "weather", "description": "The weather.", "parameters_json_schema": TOOL}
    thinking = {"thinking_budget": 1024, "include_thoughts": True}
    more = {"thinking_config": thinking} if thinks else {"temperature": 1.5, "top_k": 5}
    client.models.generate_content(
        model=model,
        contents=[
            {"role": "user", "parts": [{"text": "Weather?"}]},
            {"role": "model", "parts": [call, call]},
            {"role": "user", "parts": [answer, answer]},
            {"role": "model", "parts": [{"text": "Mild."}]},
            {
                "role": "user",
                "parts": [
                    {"text": "And now?"},
                    {"inline_data": {"mime_type": "image/png", "data": PNG}},
                    {"inline_data": {"mime_type": "application/pdf", "data": PDF}},
                ],
            },
        ],
        config={
            "system_instruction": "Be kind.",
            "tools": [{"function_declarations": [function]}],
            "tool_config": {"function_calling_config": {"mode": "AUTO"}},
            "max_output_tokens": 4000,
            "stop_sequences": ["END"],
            "seed": 7,
            "response_mime_type": "application/json",
            "response_json_schema": SCHEMA,
            "automatic_function_calling": {"disable": True},
            **more,
        },
    )


ASKERS = {
    "chat_completions": chat,
    "messages": messages,
    "responses": responses,
    "generate_content": generate,
}


@pytest.mark.parametrize("thinks", [False, True], ids=["usual", "thinking"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("asker", ASKERS)
def test_what_is_sent_is_what_the_provider_describes(house, asker, target, thinks):
    if target in ("chat_completions", "responses") and openapi_path() is None:
        pytest.skip("OpenAI's description of its API is not at hand")
    fetch(f"{house.fake_url}/__fake/reset", method="POST", body={})
    ASKERS[asker](house.url, f"to-{target}", thinks)
    seen = fetch(f"{house.fake_url}/__fake/attempts?bodies=1")[2]["attempts"]
    body = seen[-1]["body"]
    assert seen[-1]["dialect"] == target
    assert body is not None
    complaints = JUDGES[target](body)
    assert not complaints, "\n".join([*complaints, json.dumps(body)[:3000]])


# A body with one thing that the description does not allow, for each judge.
SPOILED = {
    "chat_completions": {"model": "m", "messages": [{"role": "tool", "content": "no id"}]},
    "messages": {"model": "m", "max_tokens": "many", "messages": []},
    "responses": {"model": "m", "input": "x", "tools": [{"type": "function", "name": 7}]},
    "generate_content": {"contents": [{"role": "user", "parts": [{"txt": "typo"}]}]},
    "bedrock_converse": {"messages": [{"role": "user", "content": [{"toolUse": {"name": "n"}}]}]},
}


@pytest.mark.parametrize("dialect", SPOILED)
def test_the_judges_complain(dialect):
    if dialect in ("chat_completions", "responses") and openapi_path() is None:
        pytest.skip("OpenAI's description of its API is not at hand")
    assert JUDGES[dialect](SPOILED[dialect])
