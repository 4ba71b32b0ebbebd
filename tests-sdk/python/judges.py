"""Outside judges of what is sent to providers: each dialect's official description."""

import base64
import functools
import os
import pathlib
import typing

import botocore.session
import botocore.validate
import jsonschema
import pydantic
import yaml
from anthropic.types import message_create_params
from google.genai import types as google

ROOT = pathlib.Path(__file__).resolve().parents[2]


def openapi_path() -> pathlib.Path | None:
    """OpenAI's own description, where it is at hand."""
    shared = pathlib.Path(os.environ.get("FAILSOFT_SHARED", ROOT.parent / "shared"))
    path = shared / "specs" / "openai-openapi.yaml"
    return path if path.exists() else None


@functools.cache
def openapi() -> dict:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return any_of(yaml.load(openapi_path().read_text(), Loader=loader))


def any_of(document):
    """A message of the caller's fits two schemas of the description that are said to exclude each
    other, so alternatives are taken as alternatives."""
    if isinstance(document, dict):
        return {"anyOf" if key == "oneOf" else key: any_of(value) for key, value in document.items()}
    return [any_of(item) for item in document] if isinstance(document, list) else document


@functools.cache
def openai_judge(schema: str) -> jsonschema.Draft202012Validator:
    document = {"$ref": f"#/components/schemas/{schema}", "components": openapi()["components"]}
    return jsonschema.Draft202012Validator(document)


def by_openapi(schema: str, body: dict) -> list[str]:
    errors = openai_judge(schema).iter_errors(body)
    return [f"{'/'.join(map(str, best(error).absolute_path))}: {best(error).message[:300]}" for error in errors]


def best(error):
    """Of the branches of a choice, the complaint that went deepest."""
    return jsonschema.exceptions.best_match([error]) or error


# Taken from earlier models, and no longer offered by the SDK, because the newest refuse them.
ELDER = {"temperature", "top_p", "top_k"}


def by_anthropic(body: dict) -> list[str]:
    kind = message_create_params.MessageCreateParamsBase
    known = typing.get_type_hints(kind).keys() | ELDER | {"stream"}
    found = [f"{key}: not known" for key in body.keys() - known]
    try:
        pydantic.TypeAdapter(kind).validate_python(body)
    except pydantic.ValidationError as error:
        found += [f"{'/'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return found


GOOGLE = {
    "contents": list[google.Content],
    "systemInstruction": google.Content,
    "tools": list[google.Tool],
    "toolConfig": google.ToolConfig,
    "generationConfig": google.GenerationConfig,
    "safetySettings": list[google.SafetySetting],
    "cachedContent": str,
    "labels": dict[str, str],
}


def by_google(body: dict) -> list[str]:
    found = [f"{key}: not known" for key in body if key not in GOOGLE]
    for key, kind in GOOGLE.items():
        if key in body:
            try:
                pydantic.TypeAdapter(kind).validate_python(body[key])
            except pydantic.ValidationError as error:
                found += [f"{key}/{'/'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    return found


@functools.cache
def converse():
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    return model.operation_model("Converse").input_shape


def by_botocore(body: dict) -> list[str]:
    shape = converse()
    parameters = {"modelId": "m", **body}
    report = botocore.validate.ParamValidator().validate(unwired(shape, parameters), shape)
    unknown = [f"{key}: not known" for key in parameters if key not in shape.members]
    return unknown + ([report.generate_report()] if report.has_errors() else [])


def unwired(shape, value):
    """What the wire carries as base64 are bytes for the judge."""
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        known = {k: unwired(shape.members[k], v) for k, v in value.items() if k in shape.members}
        return {**value, **known}
    if shape.type_name == "list":
        return [unwired(shape.member, item) for item in value]
    if shape.type_name == "blob":
        return base64.b64decode(value, validate=True)
    return value


JUDGES = {
    "chat_completions": lambda body: by_openapi("CreateChatCompletionRequest", body),
    "messages": by_anthropic,
    "responses": lambda body: by_openapi("CreateResponse", body),
    "generate_content": by_google,
    "bedrock_converse": by_botocore,
}
