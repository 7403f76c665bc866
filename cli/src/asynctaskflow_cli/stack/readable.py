"""Makes one short line of what a process wrote: JSON events, and a server's own format. Pure."""

import json
import re

# 4711:M 23 Nov 2026 21:45:04.271 # text
SERVER_LINE = re.compile(r"\d+:[A-Z] \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} [.*#-] (?P<text>.*)")
SIGNAL_LINE = re.compile(r"\d+:signal-handler \(\d+\) (?P<text>.*)")
# Advice for a production host, repeated at each start of a server on a laptop.
NOISE = ("WARNING Memory overcommit", "Reading config from stdin")
LEVELS = {"warning": "WARNING ", "error": "ERROR ", "critical": "ERROR "}
HIDDEN = frozenset({"event", "level", "timestamp", "function", "worker"})


def readable(line: str) -> str | None:
    """The line as people read it; ``None`` if nobody needs it."""
    if line.startswith("{"):
        return _event(line)
    found = SERVER_LINE.fullmatch(line) or SIGNAL_LINE.fullmatch(line)
    text = found["text"] if found else line
    return None if not text.strip() or text.startswith(NOISE) else text


def _event(line: str) -> str:
    """``LEVEL event name=value …``; the process's name in front of the line says which function it is."""
    try:
        fields = json.loads(line)
        event, level = str(fields["event"]), str(fields.get("level", ""))
    except (ValueError, KeyError, TypeError):
        return line
    given = [f"{name}={_value(fields[name])}" for name in fields if name not in HIDDEN]
    return " ".join([LEVELS.get(level, "") + event, *given])


def _value(value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False) if " " in value or not value else value
