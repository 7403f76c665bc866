"""The slug that groups, filters and counts errors. Pure."""

import re

CLASS_CHARS = 40
TIMEOUT = "timeout"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FOREIGN = re.compile(r"[^a-z0-9]+")


def error_class_of(error: BaseException) -> str:
    """A slug from the exception's name: ``ZeroDivisionError`` gives ``zero_division_error``."""
    if isinstance(error, TimeoutError):
        return TIMEOUT
    return slug(_HUMP.sub("_", type(error).__name__))


def slug(text: str) -> str:
    """What may name an error class (``[a-z0-9_]{1,40}``); it becomes a part of index entries, so nothing else may."""
    return _FOREIGN.sub("_", text.lower()).strip("_")[:CLASS_CHARS] or "error"
