"""The words of a sentence that carry its topic, folded so that inflections meet. Pure."""

import re
from collections.abc import Iterator

# A stem for every language at once: words that share six letters nearly always share a topic.
FOLD_LETTERS = 6
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_ELISION = re.compile(
    r"^(?:[cdjlmnst]|qu|dell|nell|all|dall|sull|un|quell)['’](?=.)", re.IGNORECASE
)


def words(text: str) -> list[str]:
    """Return the words of ``text`` as written, without elided articles (l'eau gives eau)."""
    return [_ELISION.sub("", word) for word in _WORD.findall(text)]


def fold(word: str) -> str:
    """Return the key under which the inflections of ``word`` are counted together."""
    return word.lower().replace("-", "")[:FOLD_LETTERS]


def content_terms(text: str, stopwords: frozenset[str]) -> Iterator[str]:
    """Yield the folded content words of ``text``; pairs of signs where words are not spaced."""
    for word in words(text):
        lowered = word.lower()
        if _UNSPACED.search(lowered):
            yield from (lowered[at : at + 2] for at in range(max(1, len(lowered) - 1)))
        elif lowered not in stopwords and (len(lowered) > 2 or lowered.isdigit()):
            yield fold(lowered)
