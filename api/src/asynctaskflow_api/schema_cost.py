"""How much work a JSON Schema can cause for each value that it is held against. Pure, and bounded itself.

A schema comes from whoever may register a function. Sub-schemas that apply to the same value multiply through
references and, in recursive ones, with every level of nesting; the bound found here is never too low.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

MOST_NODES = 2000
MOST_COST = 1000
LISTED_AT_ONCE = 16
SAME_VALUE_LISTS = ("allOf", "anyOf", "oneOf")
SAME_VALUE = ("not", "if", "then", "else", "unevaluatedProperties", "unevaluatedItems")
SAME_VALUE_MAPS = ("dependentSchemas", "dependencies")
PARTS = (
    "additionalProperties",
    "propertyNames",
    "items",
    "contains",
    "additionalItems",
    "unevaluatedProperties",
    "unevaluatedItems",
)
ELSEWHERE = ("$dynamicRef", "$recursiveRef")


class UnfitSchema(ValueError):
    """Inputs are not checked against this schema; the message says why."""


@dataclass(slots=True)
class Node:
    """One sub-schema.

    Attributes:
        own: what it costs alone.
        same: indexes of those that apply to the same value.
        parts: indexes of those that apply to a part of the value, in groups of which one applies at a time.
    """

    own: int
    same: list[int] = field(default_factory=list)
    parts: list[list[int]] = field(default_factory=list)


def cost(schema: Mapping[str, Any], *, max_depth: int) -> int:
    """Upper bound of the sub-schemas held against any one part of a value that nests ``max_depth`` levels.

    Raises:
        UnfitSchema: too large, refers to elsewhere or to itself, or costs more than ``MOST_COST``.
    """
    nodes = _graph(schema)
    order = _inner_first(nodes)
    deeper = [0] * len(nodes)
    for _ in range(max_depth + 1):
        here = list(deeper)
        for index in order:
            node = nodes[index]
            parts = sum(max(deeper[part] for part in group) for group in node.parts)
            here[index] = node.own + sum(here[same] for same in node.same) + parts
        if here[0] > MOST_COST:
            raise UnfitSchema(f"the schema may look at a value more than {MOST_COST} times")
        if here == deeper:
            break
        deeper = [min(one, MOST_COST + 1) for one in here]
    return deeper[0]


def _graph(root: Mapping[str, Any]) -> list[Node]:
    """All sub-schemas that can be reached; the root is the first."""
    indexes: dict[int, int] = {id(root): 0}
    nodes, schemas = [Node(_own(root))], [root]

    def index_of(schema: Mapping[str, Any]) -> int:
        if id(schema) not in indexes:
            if len(nodes) == MOST_NODES:
                raise UnfitSchema(f"the schema has more than {MOST_NODES} parts")
            indexes[id(schema)] = len(nodes)
            nodes.append(Node(_own(schema)))
            schemas.append(schema)
        return indexes[id(schema)]

    for place, schema in enumerate(schemas):  # grows while it is walked
        if place and ("$id" in schema or "id" in schema):
            raise UnfitSchema("a part of the schema has an identity of its own")
        nodes[place].same = [index_of(one) for one in _same(root, schema)]
        groups = ([one for one in group if isinstance(one, Mapping)] for group in _parts(schema))
        nodes[place].parts = [[index_of(one) for one in group] for group in groups if group]
    return nodes


def _own(schema: Mapping[str, Any]) -> int:
    listed = sum(
        len(schema[name]) for name in ("enum", "required", "properties") if _sized(schema, name)
    )
    return 1 + listed // LISTED_AT_ONCE


def _sized(schema: Mapping[str, Any], name: str) -> bool:
    return isinstance(schema.get(name), list | Mapping)


def _same(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if any(name in schema for name in ELSEWHERE):
        raise UnfitSchema("the schema has dynamic references")
    if "$ref" in schema:
        yield _target(root, schema["$ref"])
    listed: list[Any] = [schema.get(name) for name in SAME_VALUE]
    for name in SAME_VALUE_LISTS:
        found = schema.get(name)
        listed += found if isinstance(found, list) else []
    for name in SAME_VALUE_MAPS:
        listed += _values(schema, name)
    yield from (one for one in listed if isinstance(one, Mapping))


def _parts(schema: Mapping[str, Any]) -> Iterator[list[Any]]:
    yield _values(schema, "properties")
    prefixes, items = schema.get("prefixItems"), schema.get("items")
    yield prefixes if isinstance(prefixes, list) else []
    yield items if isinstance(items, list) else []
    yield from ([one] for one in _values(schema, "patternProperties"))
    yield from ([schema[name]] for name in PARTS if name in schema)


def _values(schema: Mapping[str, Any], name: str) -> list[Any]:
    found = schema.get(name)
    return list(found.values()) if isinstance(found, Mapping) else []


def _target(root: Mapping[str, Any], ref: object) -> Mapping[str, Any]:
    """What a reference within the schema points to.

    Raises:
        UnfitSchema: it points elsewhere, or to nothing.
    """
    if not isinstance(ref, str) or not (ref == "#" or ref.startswith("#/")):
        raise UnfitSchema("the schema refers to another document")
    found: Any = root
    for part in ref.split("/")[1:]:
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, Mapping) and name in found:
            found = found[name]
        else:
            raise UnfitSchema("a reference in the schema points to nothing")
    return found if isinstance(found, Mapping) else {}


def _inner_first(nodes: list[Node]) -> list[int]:
    """Every node after those that apply to the same value as it.

    Raises:
        UnfitSchema: one applies to its own value.
    """
    waiting = [len(node.same) for node in nodes]
    users: list[list[int]] = [[] for _ in nodes]
    for index, node in enumerate(nodes):
        for same in node.same:
            users[same].append(index)
    order = [index for index, count in enumerate(waiting) if not count]
    for index in order:  # grows while it is walked
        for user in users[index]:
            waiting[user] -= 1
            if not waiting[user]:
                order.append(user)
    if len(order) < len(nodes):
        raise UnfitSchema("a part of the schema refers to itself without going deeper")
    return order
