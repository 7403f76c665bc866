"""Holds inputs against their function's JSON Schema before anything is stored.

Compiled once per schema. Bounded whatever the schema says: nothing is fetched, regular expressions are linear,
and no value is looked at more often than its size and ``schema_cost`` allow. What cannot be checked within that
is let through: the worker checks every input itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import jsonschema_rs
import orjson

from asynctaskflow_api import input_faults, schema_cost
from asynctaskflow_api.problems import invalid_fields
from asynctaskflow_api.schema_cost import UnfitSchema

SCHEMA_MOST_BYTES = 131_072
REGEX_MOST_BYTES = 1_048_576
MOST_LOOKS = 64_000_000  # of one request; some half a second
TOLD_IN_FULL_LOOKS = (
    1_000_000  # above it the first fault alone is told: collecting all takes memory
)
REASON_CHARS = 300


@dataclass(frozen=True, slots=True)
class InputCheck:
    """What one function takes.

    Attributes:
        schema: as it was published.
        unchecked: why inputs are not checked; empty if they are.
    """

    schema: Mapping[str, Any]
    unchecked: str = ""
    _validator: Any = None
    _cost: int = 0

    @classmethod
    def of(cls, schema: Mapping[str, Any], *, max_depth: int) -> Self:
        """Compile a schema; an absent or unfit one lets everything through.

        Args:
            max_depth: how deep inputs nest at most.
        """
        if not schema:
            return cls(schema, "no schema is published")
        try:
            _refuse_long(schema)
            cost = schema_cost.cost(schema, max_depth=max_depth)
            return cls(schema, "", _compiled(schema), cost)
        except UnfitSchema as error:
            return cls(schema, str(error))

    def looks(self, size_bytes: int) -> int:
        """The most work that an input of this size can cause."""
        return self._cost * size_bytes

    def refuse(
        self,
        value: Any,
        *,
        size_bytes: int,
        at: tuple[str | int, ...] = (),
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Let the input pass.

        Args:
            size_bytes: of the value as JSON.
            at: where in the request's body the value stands.
            names: what callers call a field, where that is not its name in the input.

        Raises:
            Unprocessable: names the fields and what was expected there.
        """
        if self._validator is None or self.looks(size_bytes) > MOST_LOOKS:
            return
        if not self._validator.is_valid(value):
            in_full = self.looks(size_bytes) <= TOLD_IN_FULL_LOOKS
            found = input_faults.spots(self._faults(value, in_full=in_full), names or {})
            raise invalid_fields([{**one, "loc": (*at, *one["loc"])} for one in found])

    def _faults(self, value: Any, *, in_full: bool) -> Iterable[jsonschema_rs.ValidationError]:
        if in_full:
            return list(self._validator.iter_errors(value))
        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            return [error]
        return []


def _refuse_long(schema: Mapping[str, Any]) -> None:
    if len(orjson.dumps(schema)) > SCHEMA_MOST_BYTES:
        raise UnfitSchema(f"the schema has more than {SCHEMA_MOST_BYTES} bytes")


def _compiled(schema: Mapping[str, Any]) -> Any:
    try:
        return jsonschema_rs.validator_for(
            dict(schema),
            pattern_options=jsonschema_rs.RegexOptions(size_limit=REGEX_MOST_BYTES),
            mask=input_faults.VALUE,
            offline=True,
        )
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        told = str(error).splitlines() or ["not a JSON Schema"]
        raise UnfitSchema(f"the schema cannot be used: {told[0][:REASON_CHARS]}") from error
