"""Structured logs: one event, one line, on standard output.

JSON lines, or coloured text on a terminal. Control characters never reach the reader's terminal or break
a line, passwords and tokens are blanked, and long texts are cut: log content is untrusted input.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import orjson
import structlog
from structlog.typing import Processor, WrappedLogger

Event = MutableMapping[str, Any]

MAX_CHARS = 4096
SECRET_NAME = re.compile(r"passw|secret|token|api_?key|authorization|credential", re.IGNORECASE)
SECRET_TEXT = (
    (re.compile(r"(\w+://[^\s:/@]*):[^\s/@]+@"), r"\1:***@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 ***"),
    (re.compile(r"\bsk-[\w-]{12,}"), "sk-***"),
)
# C0, DEL, C1, line and paragraph separators, marks that reverse text, and surrogates, which no file can hold.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
PUBLIC_NAMES = frozenset({"max_tokens", "total_tokens", "input_tokens", "output_tokens"})


def configure(
    *,
    level: str = "info",
    style: Literal["auto", "json", "console"] = "auto",
    stream: TextIO | None = None,
) -> None:
    """Send this process's events, and those of libraries that use ``logging``, to ``stream``."""
    sink = stream or sys.stdout
    as_json = style == "json" or (style == "auto" and not sink.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        clean,
    ]
    renderer: Processor = _json_line if as_json else structlog.dev.ConsoleRenderer()
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sink),
        cache_logger_on_first_use=False,
    )
    _adopt_standard_logging(sink, shared, renderer, max(number, logging.WARNING))


def get_logger(**bound: Any) -> structlog.typing.FilteringBoundLogger:
    """A logger with these fields in each of its events."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**bound)
    return logger


def clean(_logger: WrappedLogger, _method: str, event: Event) -> Event:
    """Blank what looks like a secret, cut what is long, escape what is not printable."""
    return {name: _clean_field(name, value) for name, value in event.items()}


def redact(text: str) -> str:
    """Blank passwords in URLs, bearer tokens and provider keys."""
    for pattern, replacement in SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _clean_field(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if SECRET_NAME.search(name) and name not in PUBLIC_NAMES:
        return "***"
    if isinstance(value, dict):
        return {str(key): _clean_field(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean_field("", item) for item in value]
    return _clean_text(value if isinstance(value, str) else str(value))


def _clean_text(text: str) -> str:
    kept = text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + "…"
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), redact(kept))


def _json_line(_logger: WrappedLogger, _method: str, event: Event) -> str:
    return orjson.dumps(event, default=str).decode(errors="replace")


def _adopt_standard_logging(
    sink: TextIO, shared: list[Processor], renderer: Processor, level: int
) -> None:
    handler = logging.StreamHandler(sink)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:-1], structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                clean,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
