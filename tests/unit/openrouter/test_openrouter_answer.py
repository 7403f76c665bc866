"""Only a whole answer is an answer."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow.errors import Permanent, Retryable, TaskError
from asynctaskflow_openrouter.answer import read_answer
from asynctaskflow_openrouter.messages import ChatRequest, Completion, Image, Message, Usage


def body(**changes):
    choice = {"message": {"content": "yes"}, "finish_reason": "stop"}
    return orjson.dumps({"model": "m", "id": "gen-1", "choices": [choice], **changes})


def read(raw):
    return read_answer(raw, asked_model="asked")


def test_an_answer_names_the_model_that_gave_it():
    assert read(body()) == Completion("yes", "m", Usage(), response_id="gen-1")
    assert read(body(model=None)).model == "asked"


def test_text_in_parts_is_joined():
    parts = [{"type": "text", "text": "ye"}, {"type": "refusal"}, {"type": "text", "text": "s"}]

    assert read(body(choices=[{"message": {"content": parts}}])).text == "yes"


@pytest.mark.parametrize(
    ("usage", "read_as"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.5}, Usage(3, 4, 0.5)),
        ({"prompt_tokens": None, "cost": None}, Usage()),
        ({"prompt_tokens": -3, "completion_tokens": "4", "cost": -1}, Usage()),
        ({"prompt_tokens": 2**62, "cost": 1e300}, Usage()),
        ("free", Usage()),
        (None, Usage()),
    ],
)
def test_a_bill_that_cannot_be_read_does_not_cost_the_answer(usage, read_as):
    assert read(body(usage=usage)).usage == read_as


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"yes"',
        b"{}",
        b'{"choices": null}',
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": {"content": null}}]}',
        b'{"choices": [{"message": {"content": {"a": 1}}}]}',
        b'{"choices": [{"message": {"content": NaN}}]}',
        b'{"error": "down"}',
        b'{"error": {"code": 401, "message": "x"}, "choices": [{"message": {"content": "y"}}]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_answer_is_a_fault_of_the_provider(raw):
    with pytest.raises(Retryable) as caught:
        read(raw)

    assert (caught.value.error_class, caught.value.provider_fault) == ("bad_response", True)


def test_a_withheld_text_is_not_asked_for_again():
    withheld = {"message": {"content": None}, "finish_reason": "content_filter"}

    with pytest.raises(Permanent):
        read(body(choices=[withheld]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "error", "usage", "cost", "model", "id"]
            ),
            children,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_an_answer_or_a_named_error(value):
    try:
        said = read(orjson.dumps(value)).text
    except TaskError as error:
        said = str(error)

    assert said.strip()


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_a_named_error(raw):
    with pytest.raises(TaskError):
        read(raw)


def test_a_lone_text_is_sent_as_a_string_and_a_picture_as_a_data_url():
    request = ChatRequest(
        messages=(Message.system("Be brief."), Message.user("What is it?", Image(b"png"))),
        max_tokens=10,
        response_format={"type": "json_object"},
    )

    assert request.as_json("m") == {
        "model": "m",
        "max_tokens": 10,
        "response_format": {"type": "json_object"},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
                ],
            },
        ],
    }
