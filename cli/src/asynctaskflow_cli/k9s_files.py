"""Merges our entries into a file of k9s as text, so that every comment, order and blank of its owner stays.

Ours stand between two marks. The first holds a digest of what follows, which tells our own work of an older version,
to be replaced, from what somebody has edited since, to be asked about. Reads and writes no file.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

OPENING = "# >>> asynctaskflow k9s"
CLOSING = "# <<< asynctaskflow k9s"
BY = "of 'atf k9s install', taken out by 'atf k9s uninstall'"
BLOCK = re.compile(
    rf"^ *{OPENING} (?P<digest>[0-9a-f]{{12}})(?P<ours>[a-z ]*):[^\n]*\n"
    rf"(?P<body>.*?)^ *{CLOSING}[ \r]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
CHILD_FOLLOWS = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]+[^\s#]")
INDENT = 2
# What else is ours, as the first mark says: the file, the line of the key above, the end of the line before that.
FILE, KEY, LINE = "file", "key", "line"


class NotMergeable(Exception):
    """A file must not be changed; the message says why, without the file's name."""


class Differs(NotMergeable):
    """There is something else in our place, which ``overwrite`` would replace."""


@dataclass(frozen=True, slots=True)
class Parted:
    """A file without our part.

    Attributes:
        base: its owner's text; ``None`` where nobody but us has written to the file.
        ours: whether our part was in it.
        edited: whether somebody has changed our part.
    """

    base: str | None
    ours: bool = False
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Spot:
    """Where our part goes.

    Attributes:
        index: offset of a line's start, or the end of the text.
        before: text put in front of our part.
        flags: what of that is ours, for the mark.
    """

    index: int
    indent: int = INDENT
    before: str = ""
    flags: tuple[str, ...] = ()


def part(text: str | None, top: str = "") -> Parted:
    """Take our part out again, to the byte.

    Args:
        text: of the file; ``None`` if there is none.
        top: key that the entries are under, if it has one.

    Raises:
        NotMergeable: a mark is missing.
    """
    if text is None:
        return Parted(None)
    found = list(BLOCK.finditer(text))
    if not text.count(OPENING) == text.count(CLOSING) == len(found) <= 1:
        raise NotMergeable(f"the marks of our part ({OPENING} … {CLOSING}) are not a pair")
    if not found:
        return Parted(text)
    (block,) = found
    flags = block["ours"].split()
    before, after = text[: block.start()], text[block.end() :]
    own_key = re.compile(rf"^{re.escape(top)}:\r?\n\Z", re.MULTILINE).search(before)
    if KEY in flags and own_key and not CHILD_FOLLOWS.match(after):
        before = before[: own_key.start()]
    elif KEY in flags:
        flags = []
    if LINE in flags and not after:
        before = re.sub(r"\r?\n\Z", "", before)
    gone = FILE in flags and not before + after
    edited = _digest(block["body"]) != block["digest"]
    return Parted(None if gone else before + after, ours=True, edited=edited)


def with_entries(text: str | None, top: str, entries: Mapping[str, Any], *, overwrite: bool) -> str:
    """The file with our entries under its key ``top``; unchanged if it has them all.

    Args:
        overwrite: replace entries that differ from ours, and what was edited of ours.

    Raises:
        NotMergeable: it holds something that only its owner can decide about, or is written in a way
            that text cannot be put into.
    """
    base = _unedited(part(text, top), overwrite=overwrite)
    theirs = entries_of(base or "", top)
    differ = [key for key in entries if key in theirs and theirs[key] != entries[key]]
    if differ and not overwrite:
        raise Differs(f"has entries of yours that differ from ours: {', '.join(differ)}")
    for key in differ:
        base = _without(base or "", top, key)
    lacking = {key: entries[key] for key in entries if key not in theirs or key in differ}
    if not lacking:
        return base or ""
    merged = _put(base, top, _dumped(lacking))
    if not _holds(merged, top, {**theirs, **entries}):
        raise NotMergeable(f"is written in a way that nothing can be put under {top!r} safely")
    return merged


def whole(text: str | None, content: str, *, overwrite: bool) -> str:
    """A file that holds nothing but ``content``.

    Raises:
        NotMergeable: there is one already that is not ours.
    """
    base = _unedited(part(text), overwrite=overwrite)
    if base == content:
        return content
    if base is not None and not overwrite:
        raise Differs("is a file of yours that differs from ours")
    return _marked(content, indent=0, flags=(FILE,))


def without_ours(text: str | None, top: str = "", *, overwrite: bool) -> str | None:
    """The file as it was before; ``None`` if it was not there.

    Raises:
        NotMergeable: our part was edited.
    """
    return _unedited(part(text, top), overwrite=overwrite)


def entries_of(text: str, top: str) -> dict[str, Any]:
    """What a file has under its key ``top``.

    Raises:
        NotMergeable: it is no YAML, or no mapping.
    """
    try:
        root = yaml.safe_load(text)
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise NotMergeable(f"is no YAML that can be read: {told}") from error
    if not isinstance(root, dict | None):
        raise NotMergeable("is no mapping")
    found = (root or {}).get(top)
    if not isinstance(found, dict | None):
        raise NotMergeable(f"{top!r} is no mapping")
    return found or {}


def same_shortcuts(text: str, top: str, entries: Mapping[str, Any]) -> list[str]:
    """Sentences about entries of the owner that are on a key of ours; k9s takes only one of them."""
    ours = {str(entry.get("shortCut")).lower(): key for key, entry in entries.items()}
    return [
        f"{entry['shortCut']} is on {key} of yours and on {ours[str(entry['shortCut']).lower()]}"
        for key, entry in entries_of(text, top).items()
        if key not in entries
        and isinstance(entry, dict)
        and str(entry.get("shortCut")).lower() in ours
    ]


def _holds(text: str, top: str, entries: Mapping[str, Any]) -> bool:
    try:
        return entries_of(text, top) == entries
    except NotMergeable:
        return False


def _unedited(parted: Parted, *, overwrite: bool) -> str | None:
    if parted.edited and not overwrite:
        raise Differs("has been edited in the part that was installed")
    return parted.base


def _put(base: str | None, top: str, body: str) -> str:
    spot = _spot(base, top)
    text = base or ""
    newline = "\r\n" if "\r\n" in text else "\n"
    put = spot.before + _marked(body, indent=spot.indent, flags=spot.flags)
    return text[: spot.index] + put.replace("\n", newline) + text[spot.index :]


def _spot(base: str | None, top: str) -> Spot:
    """In front of the first entry, so that what follows the last one, such as a comment, stays where it is."""
    if base is None:
        return Spot(0, before=f"{top}:\n", flags=(FILE, KEY))
    root = yaml.compose(base, Loader=yaml.SafeLoader)
    if root is None:
        line = "" if base.endswith("\n") or not base else "\n"
        flags = (KEY, LINE) if line else (KEY,)
        return Spot(len(base), before=f"{line}{top}:\n", flags=flags)
    if not isinstance(root, yaml.MappingNode) or root.flow_style or not root.value:
        raise NotMergeable("is written on one line; write its entries on lines of their own")
    pairs = {key.value: (key, value) for key, value in root.value}
    if top not in pairs:
        return Spot(_line_start(base, root.value[0][0]), before=f"{top}:\n", flags=(KEY,))
    key, value = pairs[top]
    if isinstance(value, yaml.MappingNode) and value.value and not value.flow_style:
        first = value.value[0][0]
        return Spot(_line_start(base, first), indent=first.start_mark.column)
    if value.start_mark.index != value.end_mark.index:
        raise NotMergeable(
            f"{top!r} is written on one line; write its entries on lines of their own"
        )
    end = base.find("\n", key.end_mark.index)
    line = "" if end >= 0 else "\n"
    return Spot(end + 1 if end >= 0 else len(base), before=line, flags=(LINE,) if line else ())


def _line_start(base: str, node: yaml.Node) -> int:
    start = base.rfind("\n", 0, node.start_mark.index) + 1
    if base[start : node.start_mark.index].strip(" \ufeff"):
        raise NotMergeable(f"line {node.start_mark.line + 1}: nothing can be put in front of it")
    return start


def _without(base: str, top: str, key: str) -> str:
    """The text without one entry: from its line to that of the next one, or to its own end."""
    root = yaml.compose(base, Loader=yaml.SafeLoader)
    if root is None:
        return base
    value = next(value for name, value in root.value if name.value == top)
    if value.flow_style:
        raise NotMergeable(
            f"{top!r} is written on one line; write its entries on lines of their own"
        )
    names = [name.value for name, _ in value.value]
    position = names.index(key)
    start = _line_start(base, value.value[position][0])
    if position + 1 < len(names):
        end = _line_start(base, value.value[position + 1][0])
    else:
        end = base.find("\n", _last_index(value.value[position][1]) - 1) + 1 or len(base)
    if end <= start:  # an alias is composed to what it stands for, which is elsewhere
        raise NotMergeable(f"{key!r} refers to another entry; replace it by hand")
    return base[:start] + base[end:]


def _last_index(node: yaml.Node) -> int:
    """Where a value's text ends; the end of a block itself lies behind the comments that follow it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _last_index(last[1] if isinstance(last, tuple) else last)


def _dumped(entries: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(entries), sort_keys=False, allow_unicode=True, width=10_000)


def _marked(body: str, *, indent: int, flags: Iterable[str]) -> str:
    pad = " " * indent
    inner = "".join(
        f"{pad}{line}" if line.strip() else line for line in body.splitlines(keepends=True)
    )
    words = " ".join((_digest(inner), *flags))
    return f"{pad}{OPENING} {words}: {BY}\n{inner}{pad}{CLOSING}\n"


def _digest(body: str) -> str:
    return hashlib.sha256(body.replace("\r\n", "\n").encode()).hexdigest()[:12]
