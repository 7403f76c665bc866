"""Inputs that a function's published schema does not allow are refused before anything is stored."""

import pytest
from pydantic import BaseModel, ConfigDict, Field

from asynctaskflow_api.catalog import Catalog
from asynctaskflow_testkit.api import SPEC
from asynctaskflow_testkit.openrouter import StillClock
from asynctaskflow_testkit.queues import FUNCTION

TASKS = f"/api/v1/functions/{FUNCTION}/tasks"


class Person(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    age: int = 0


class Short(BaseModel):
    text: str = Field(max_length=3)


def taking(model):
    return SPEC.model_copy(update={"input_schema": model.model_json_schema()})


@pytest.fixture
async def person(q):
    """The function ``echo`` takes a Person."""
    await q.queue.register(FUNCTION, taking(Person))


async def waiting(q, function=FUNCTION):
    return (await q.queue.depths(function)).primary


@pytest.mark.usefixtures("person")
async def test_a_wrong_input_is_refused_by_field_and_nothing_is_enqueued(http, q):
    answer = await http.post(TASKS, json={"name": 5, "years": 4})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "validation_error"
    assert {one["pointer"]: one["detail"] for one in answer.json()["errors"]} == {
        "body.name": "expected string",
        "body.years": "is not a field of this input",
    }
    assert await waiting(q) == 0


@pytest.mark.usefixtures("person")
async def test_a_right_input_is_accepted(http, q):
    answer = await http.post(TASKS, json={"name": "Ada", "age": 36})

    assert answer.status_code == 202
    assert await waiting(q) == 1


async def test_without_a_schema_any_json_is_accepted(http, q):
    answer = await http.post(TASKS, json=[1, "two", None])

    assert answer.status_code == 202
    assert await waiting(q) == 1


@pytest.mark.usefixtures("person")
async def test_a_bulk_names_its_wrong_items_by_index_and_accepts_the_others(http, q):
    sent = [{"name": "a"}, {"name": 1}, {"name": "b"}, {"age": 1}]

    answer = (await http.post(f"{TASKS}/bulk", json=sent)).json()

    assert (answer["accepted"], answer["rejected"]) == (2, 2)
    refused = [item for item in answer["items"] if "problem" in item]
    assert [item["index"] for item in refused] == [1, 3]
    assert refused[0]["problem"]["errors"][0]["pointer"] == "body.1.name"
    assert refused[1]["problem"]["detail"] == "body.3.name: is required"
    assert await waiting(q) == 2


async def test_the_seeds_route_names_fields_as_its_callers_do(http, q):
    await q.queue.register("summarize", taking(Short))

    answer = await http.post("/api/v1/tasks/summarize/", json={"content": "Words."})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "body.content"
    assert await waiting(q, "summarize") == 0


@pytest.mark.usefixtures("person")
async def test_a_function_shows_its_schemas_and_whether_inputs_are_checked(http):
    shown = (await http.get(f"/api/v1/functions/{FUNCTION}")).json()
    other = (await http.get("/api/v1/functions/summarize")).json()

    assert shown["input_schema"]["properties"]["name"]["type"] == "string"
    assert shown["output_schema"] == {}
    assert shown["input_checked"]
    assert (other["input_checked"], other["input_unchecked_reason"]) == (
        False,
        "no schema is published",
    )


async def test_a_schema_is_compiled_once_per_revision(q):
    clock = StillClock()
    catalog = Catalog(q.queue, clock, max_depth=32)
    await q.queue.register(FUNCTION, taking(Person))
    first = await catalog.known(FUNCTION)

    clock.now_s += 10
    again = await catalog.known(FUNCTION)
    await q.queue.register(FUNCTION, taking(Short))
    clock.now_s += 10
    changed = await catalog.known(FUNCTION)

    assert again is not first
    assert again.inputs is first.inputs
    assert changed.inputs is not first.inputs
