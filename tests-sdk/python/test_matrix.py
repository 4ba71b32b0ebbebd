"""Any model stands in for any other: each client dialect asks each target dialect, with the first
target down. The table is printed at the end."""

import base64
import json

import pytest
from clients import CLIENTS, PNG
from sdks import WORDS
from house import TARGETS

def check_text(client, how, model):
    heard = client.text(how, model)
    assert heard.text == WORDS
    assert heard.stop == client.done
    assert heard.input_tokens > 0 and heard.output_tokens > 0
    assert client.text(how, model, system="Be kind.\nsay: XYZZY").text == "XYZZY"


def check_tools(client, how, model):
    first, second = client.tools(how, model)
    assert [(name, arguments) for _, name, arguments in first.calls] == [
        ("weather", {"city": "Paris"})
    ]
    assert first.stop == client.wants_tools
    assert "Tool weather said:" in second.text and "18 degrees" in second.text
    assert second.stop == client.done and not second.calls


def check_image(client, how, model):
    size = len(base64.b64decode(PNG))
    assert client.image(how, model).text == f"I see 1 image (image/png, {size} bytes)."


def check_schema(client, how, model):
    document = json.loads(client.schema(how, model).text)
    assert set(document) == {"city", "days"}
    assert isinstance(document["city"], str) and isinstance(document["days"], int)


CHECKS = {"text": check_text, "tools": check_tools, "image": check_image, "schema": check_schema}


@pytest.mark.parametrize("what", CHECKS)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.dialect)
def test_matrix(house, matrix_table, client, target, how, what):
    matrix_table[client.dialect, target, how, what] = "FAIL"
    CHECKS[what](client(house.url), how, f"to-{target}")
    matrix_table[client.dialect, target, how, what] = "pass"
