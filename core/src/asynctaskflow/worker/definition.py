"""A function as its author declares it: a name, a handler, and the models at its edges.

Never runs anything by itself: the worker does, and a unit test may call the definition like the plain
function that it wraps.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from asynctaskflow.errors import InputRejected, Permanent
from asynctaskflow.model.task import FUNCTION_NAME

Given = TypeVar("Given")
Told = TypeVar("Told")
Returned = TypeVar("Returned")

CORRUPT = "corrupt"
OUTPUT_REJECTED = "output_rejected"
REPORTED_ERRORS = 5
NOT_JSON = "json_invalid"


@dataclass(frozen=True, slots=True, eq=False)
class FunctionDefinition(Generic[Given, Told, Returned]):
    """What ``@function`` makes of a handler.

    Attributes:
        handler: the decorated callable, ``(task, ctx)``; awaited if it is ``async``.
        dependencies: names that ``ctx.dependency`` may be asked for.
    """

    name: str
    handler: Callable[[Given, Told], Returned]
    input_model: type[BaseModel] | None
    output_model: type[BaseModel] | None
    dependencies: tuple[str, ...]
    is_async: bool

    def __call__(self, task: Given, ctx: Told) -> Returned:
        """Call the handler and nothing else."""
        return self.handler(task, ctx)

    def parse(self, raw: bytes) -> Any:
        """The handler's first argument from a task's JSON input.

        Raises:
            InputRejected: well-formed, but not what the input model wants; names the fields.
            Permanent: class ``corrupt``: not JSON at all.
        """
        try:
            if self.input_model is None:
                return orjson.loads(raw)
            return self.input_model.model_validate_json(raw)
        except orjson.JSONDecodeError as error:
            raise Permanent(f"the input is not JSON: {error}", error_class=CORRUPT) from error
        except ValidationError as error:
            if error.errors()[0]["type"] == NOT_JSON:
                raise Permanent("the input is not JSON", error_class=CORRUPT) from error
            raise InputRejected(f"input: {_told(error)}") from error

    def serialise(self, value: Any) -> bytes:
        """What the handler returned, as JSON.

        Raises:
            Permanent: class ``output_rejected``: not what the output model says, or not JSON.
        """
        try:
            if self.output_model is None:
                return orjson.dumps(value)
            if not isinstance(value, self.output_model):
                value = self.output_model.model_validate(value)
            return bytes(self.output_model.__pydantic_serializer__.to_json(value))
        except ValidationError as error:
            raise Permanent(f"output: {_told(error)}", error_class=OUTPUT_REJECTED) from error
        except (TypeError, ValueError) as error:
            raise Permanent(
                f"output cannot be stored as JSON: {error}", error_class=OUTPUT_REJECTED
            ) from error

    def input_schema(self) -> dict[str, Any]:
        """JSON Schema of the input; empty if any JSON is taken."""
        return self.input_model.model_json_schema() if self.input_model else {}

    def output_schema(self) -> dict[str, Any]:
        """JSON Schema of the result; empty if it may be any JSON."""
        if self.output_model is None:
            return {}
        return self.output_model.model_json_schema(mode="serialization")

    def describe(self) -> dict[str, Any]:
        """All that others need to know of the function, ready for JSON."""
        return {
            "name": self.name,
            "async": self.is_async,
            "dependencies": list(self.dependencies),
            "inputSchema": self.input_schema(),
            "outputSchema": self.output_schema(),
        }


def function(
    *,
    name: str,
    input: type[BaseModel] | None = None,  # noqa: A002 - the author's word for it
    output: type[BaseModel] | None = None,
    dependencies: Sequence[str] = (),
) -> Callable[[Callable[[Given, Told], Returned]], FunctionDefinition[Given, Told, Returned]]:
    """Declare a handler ``(task, ctx)``, plain or ``async``, as a function that workers run.

    Args:
        name: as in ``function.yaml``: lower-case letters, digits and dashes, at most 40.
        input: model of the input; without one the handler gets the decoded JSON.
        output: model of the result; without one it may return anything that is JSON.
        dependencies: names of ``Dependency`` resources that the handler calls.

    Raises:
        ValueError: not a function name.
        TypeError: ``input`` or ``output`` is no pydantic model.
    """
    if not FUNCTION_NAME.fullmatch(name):
        raise ValueError(
            f"function name {name!r}: lower-case letters, digits and dashes, at most 40"
        )
    _check_model("input", input)
    _check_model("output", output)

    def define(
        handler: Callable[[Given, Told], Returned],
    ) -> FunctionDefinition[Given, Told, Returned]:
        return FunctionDefinition(
            name=name,
            handler=handler,
            input_model=input,
            output_model=output,
            dependencies=tuple(dependencies),
            is_async=inspect.iscoroutinefunction(handler),
        )

    return define


def _check_model(edge: str, given: object) -> None:
    if not (given is None or (isinstance(given, type) and issubclass(given, BaseModel))):
        raise TypeError(f"{edge}: expected a pydantic model, got {given!r}")


def _told(error: ValidationError) -> str:
    """``field.part: what is wrong`` for the first few fields, without the values."""
    found = error.errors(include_url=False, include_input=False)
    told = [
        f"{'.'.join(map(str, one['loc'])) or '(whole)'}: {one['msg']}"
        for one in found[:REPORTED_ERRORS]
    ]
    if len(found) > REPORTED_ERRORS:
        told.append(f"and {len(found) - REPORTED_ERRORS} more")
    return "; ".join(told)
