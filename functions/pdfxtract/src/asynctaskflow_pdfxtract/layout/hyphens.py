"""Lines to running text: hyphens that only the line break asked for go, the others stay. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from asynctaskflow_pdfxtract.layout.geometry import Line
from asynctaskflow_pdfxtract.layout.scripts import space_between

SOFT_HYPHEN = "\u00ad"
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_PART = re.compile(r"[^\W\d_]+$")
_FIRST_PART = re.compile(r"[^\W\d_]+")
# First parts that are written with a hyphen in languages at large.
_KEEPING_PREFIXES = frozenset({"self", "non", "half", "well", "quasi"})


class Vocabulary:
    """The words seen inside lines, where no line break can have hyphenated them."""

    def __init__(self) -> None:
        """Start empty."""
        self._counts = Counter[str]()

    def learn(self, lines: Iterable[Line]) -> None:
        """Count the words of these lines, without the halves at their ends."""
        for line in lines:
            words = line.words[1:-1] if line.words[-1].hyphenated else line.words[1:]
            for word in words:
                self._counts.update(match.lower() for match in _WORD.findall(word.text))

    def knows(self, word: str) -> bool:
        """Tell whether the word was seen."""
        return self._counts[word.lower()] > 0


def join_lines(lines: Sequence[Line], vocabulary: Vocabulary) -> str:
    """Return the lines as one line of running text."""
    text = ""
    hyphenated = False
    for line in lines:
        text = join_texts(text, line.text, hyphenated=hyphenated, vocabulary=vocabulary)
        hyphenated = line.words[-1].hyphenated
    return text.replace(SOFT_HYPHEN, "")


def join_texts(head: str, tail: str, *, hyphenated: bool, vocabulary: Vocabulary) -> str:
    """Return ``head`` continued by ``tail``; ``hyphenated``: head ends in a hyphen at a line end."""
    if not head:
        return tail
    if not hyphenated:
        return f"{head}{space_between(head, tail)}{tail}"
    stem = head[:-1]
    last, first = _LAST_PART.search(stem), _FIRST_PART.match(tail)
    if not last or not first:
        return head + tail
    return (head if _keeps_hyphen(last.group(), first.group(), vocabulary) else stem) + tail


def _keeps_hyphen(last: str, first: str, vocabulary: Vocabulary) -> bool:
    if first[0].isupper():
        return not (last.isupper() and first.isupper())
    if vocabulary.knows(last + first):
        return False
    return vocabulary.knows(f"{last}-{first}") or last.lower() in _KEEPING_PREFIXES
