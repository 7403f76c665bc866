"""Long texts in parts that fit a model: cut between paragraphs, else between sentences. Pure."""

from collections.abc import Iterable, Iterator

from asynctaskflow_openrouter.offline.sentences import split_paragraphs, split_sentences

# Characters per token: what the common tokenizers need at least, outside and inside Latin script.
_LATIN_CHARACTERS_PER_TOKEN = 3.0
_LATIN_END = 0x250


def count_tokens(text: str) -> int:
    """Return how many tokens ``text`` has at most, near enough to plan with."""
    others = sum(ord(char) >= _LATIN_END for char in text)
    return round((len(text) - others) / _LATIN_CHARACTERS_PER_TOKEN + others) + 1


def split_text(text: str, *, max_tokens: int) -> list[str]:
    """Return the text in parts of at most ``max_tokens``; whole if it fits."""
    if count_tokens(text) <= max_tokens:
        return [text]
    return list(_pack(_pieces(text, max_tokens), max_tokens))


def _pieces(text: str, max_tokens: int) -> Iterator[str]:
    """Yield paragraphs; where one is too long its sentences; where one of these is, slices of it."""
    for paragraph in split_paragraphs(text):
        if count_tokens(paragraph.text) <= max_tokens:
            yield paragraph.text
            continue
        for sentence in split_sentences(paragraph.text):
            if count_tokens(sentence) <= max_tokens:
                yield sentence
            else:
                step = max(1, max_tokens - 2)
                yield from (sentence[at : at + step] for at in range(0, len(sentence), step))


def _pack(pieces: Iterable[str], max_tokens: int) -> Iterator[str]:
    part: list[str] = []
    used = 0
    for piece in pieces:
        tokens = count_tokens(piece)
        if part and used + tokens > max_tokens:
            yield "\n\n".join(part)
            part, used = [], 0
        part.append(piece)
        used += tokens
    if part:
        yield "\n\n".join(part)
