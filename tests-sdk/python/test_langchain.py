"""LangChain on its own defaults, which add retries on top of the SDK's."""

from langchain_openai import ChatOpenAI
from sdks import WORDS
from stage import staged


def model(stage):
    return ChatOpenAI(base_url=f"{stage.url}/v1", api_key="any", model="assistant")


def test_langchain_gets_its_answer_while_the_primary_is_down():
    with staged(primary="fail-503") as stage:
        answer = model(stage).invoke("Say the sixty words.")
        assert answer.content == WORDS
        assert answer.usage_metadata["output_tokens"] > 0


def test_langchain_gets_its_stream_while_the_primary_is_down():
    with staged(primary="fail-503") as stage:
        pieces = [piece.content for piece in model(stage).stream("Say the sixty words.")]
        assert "".join(pieces) == WORDS
        assert len(pieces) > 10


def test_langchain_does_not_multiply_a_failed_call():
    with staged(primary="fail-503", backup="fail-503") as stage:
        try:
            model(stage).invoke("Say the sixty words.")
        except Exception as error:
            assert "503" in str(error)
        else:
            raise AssertionError("nothing answered, and no exception")
        assert len(stage.attempts()) <= 3
