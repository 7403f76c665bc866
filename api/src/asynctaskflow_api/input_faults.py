"""What is wrong with an input, field by field, in words for people. Values themselves are never repeated."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

VALUE = "the value"
DETAIL_CHARS = 300
NAME_CHARS = 100
NAMES_TOLD = 5
Spot = dict[str, Any]


def spots(faults: Iterable[ValidationError], names: Mapping[str, str]) -> list[Spot]:
    """Each fault as ``{"loc": (…), "msg": …, "type": …}``, in the shape of Pydantic's own.

    Args:
        names: what callers call a field of the input, if not by its name.
    """
    return [
        {**spot, "loc": _called(spot["loc"], names)} for fault in faults for spot in _spots(fault)
    ]


def _called(loc: tuple[str | int, ...], names: Mapping[str, str]) -> tuple[str | int, ...]:
    called = [part if isinstance(part, int) else part[:NAME_CHARS] for part in loc]
    if called:
        called[0] = names.get(str(called[0]), called[0])
    return tuple(called)


def _spots(fault: ValidationError) -> Iterator[Spot]:
    place, kind = tuple(fault.instance_path), fault.kind
    match kind:
        case ValidationErrorKind.Required(name):
            yield _spot((*place, name), "is required", "missing")
        case ValidationErrorKind.AdditionalProperties(
            unexpected
        ) | ValidationErrorKind.UnevaluatedProperties(unexpected):
            for name in unexpected[:NAMES_TOLD]:
                yield _spot((*place, name), "is not a field of this input", "extra_forbidden")
        case ValidationErrorKind.Type(types):
            yield _spot(place, f"expected {' or '.join(types)}", "type")
        case ValidationErrorKind.AnyOf(context) | ValidationErrorKind.OneOfNotValid(context):
            yield from _nearest(place, kind.name, context)
        case _:
            yield _spot(place, fault.message.removeprefix(f"{VALUE} "), kind.name)


def _nearest(
    place: tuple[str | int, ...], name: str, context: list[list[ValidationError]]
) -> Iterator[Spot]:
    """The faults of the one alternative that was meant, by its type; else what each of them expected."""
    meant = [faults for faults in context if not any(_of_type(one, place) for one in faults)]
    if len(meant) == 1:
        for fault in meant[0]:
            yield from _spots(fault)
        return
    told = [next(_spots(faults[0]))["msg"] for faults in (meant or context) if faults]
    yield _spot(place, "; or ".join(dict.fromkeys(told)), name)


def _of_type(fault: ValidationError, place: tuple[str | int, ...]) -> bool:
    return isinstance(fault.kind, ValidationErrorKind.Type) and tuple(fault.instance_path) == place


def _spot(place: tuple[str | int, ...], text: str, name: str) -> Spot:
    return {"loc": place, "msg": text[:DETAIL_CHARS], "type": name}
