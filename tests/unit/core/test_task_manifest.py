"""What a person applies to submit a task."""

import pytest
from pydantic import ValidationError

from asynctaskflow.model.task_manifest import TaskSpec


@pytest.mark.parametrize(
    "given",
    [
        {"input": {}},
        {"inputRef": "redis:echo/abc-1"},
        {"taskId": "echo-0199c0de-0000-7000-8000-000000000001"},
    ],
    ids=["input", "reference", "mirror"],
)
def test_one_input_is_enough(given):
    assert TaskSpec.model_validate({"function": "echo", **given}).function == "echo"


@pytest.mark.parametrize(
    "given", [{}, {"input": {}, "inputRef": "redis:echo/abc"}], ids=["none", "two"]
)
def test_none_or_two_inputs_are_refused(given):
    with pytest.raises(ValidationError, match="exactly one of input, inputRef, taskId"):
        TaskSpec.model_validate({"function": "echo", **given})
