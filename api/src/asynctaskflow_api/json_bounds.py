"""Reads JSON that strangers sent: bounded in depth and keys before anything deep is built. Pure.

No duplicate keys, no NaN, no unpaired surrogates, no integers that another parser would round.
"""

import json
import math
import re
from typing import Any

import orjson

STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
INNERMOST = re.compile(rb"\[\]|\{\}")
NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


class BadJson(ValueError):
    """The text is not JSON."""


class UnfitJson(ValueError):
    """The text is JSON, but beyond what is accepted."""


class Bounds:
    """Reads JSON within limits; one per set of limits, for one thread."""

    def __init__(self, *, max_depth: int, max_keys: int) -> None:
        """Prepare the decoder once: making one costs as much as reading a small text."""
        self._max_depth = max_depth
        self._max_keys = self._keys_left = max_keys
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._build, parse_constant=_refuse_constant, parse_float=_real
        )

    def read(self, text: bytes) -> Any:
        """The value that the text stands for.

        Raises:
            BadJson: not JSON.
            UnfitJson: too deep, too many keys, a key twice, or a number that JSON parsers disagree on.
        """
        deep = text.count(b"{") + text.count(b"[") > self._max_depth
        if deep and depth_exceeds(text, self._max_depth):
            raise UnfitJson(f"nested deeper than {self._max_depth} levels")
        self._keys_left = self._max_keys
        try:
            return self._decoder.decode(text.decode())
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise BadJson(_where(error)) from error
        except UnfitJson:
            raise
        except ValueError as error:
            raise UnfitJson("a number has too many digits") from error

    def _build(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """One object; the decoder calls it for each, innermost first."""
        self._keys_left -= len(pairs)
        if self._keys_left < 0:
            raise UnfitJson(f"more than {self._max_keys} keys")
        built = dict(pairs)
        if len(built) != len(pairs):
            raise UnfitJson("an object has the same key twice")
        return built


def canonical(value: Any) -> bytes:
    """The value as compact JSON: what is stored and compared.

    Raises:
        UnfitJson: an integer beyond 64 bits, or text that is not Unicode.
    """
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise UnfitJson(
            "integers beyond 64 bits and unpaired surrogates are not accepted"
        ) from error


def depth_exceeds(text: bytes, limit: int) -> bool:
    """Whether brackets nest deeper than ``limit``; what is left unbalanced counts as deeper.

    Works by striking out innermost pairs, so that all loops over the text are the interpreter's own.
    """
    brackets = STRING.sub(b"", text).translate(None, NOT_BRACKETS)
    for _ in range(limit):
        if not brackets:
            return False
        brackets = INNERMOST.sub(b"", brackets)
    return bool(brackets)


def _refuse_constant(name: str) -> Any:
    raise UnfitJson(f"{name} is not a JSON number")


def _real(digits: str) -> float:
    found = float(digits)
    if math.isinf(found):
        raise UnfitJson(f"{digits[:40]} is too large for a number")
    return found


def _where(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at position {error.pos}"
    return "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "nested too deep"
