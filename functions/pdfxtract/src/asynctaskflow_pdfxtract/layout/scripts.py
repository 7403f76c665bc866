"""Scripts that put no space between words: how their lines join and their words count. Pure."""

import re

_UNSPACED = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_SIGN = re.compile(f"[{_UNSPACED}]")
# A word of Chinese or Japanese has about two signs.
SIGNS_PER_WORD = 2


def space_between(head: str, tail: str) -> str:
    """Return what joins the end of one line and the beginning of the next."""
    unspaced = _SIGN.match(head[-1:]) and _SIGN.match(tail[:1])
    return "" if unspaced else " "


def count_words(text: str) -> int:
    """Return how many words the text has, roughly where nothing parts them."""
    signs = len(_SIGN.findall(text))
    return len(_SIGN.sub(" ", text).split()) + signs // SIGNS_PER_WORD
