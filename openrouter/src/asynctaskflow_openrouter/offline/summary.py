"""An extractive summary: the most central sentences of a text, in the order in which it has them.

Never invents: each sentence of the result stands in the text. Pure; linear in the length of very
long texts, because they are ranked in blocks first.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from asynctaskflow_openrouter.offline import lexrank
from asynctaskflow_openrouter.offline.language import detect_language
from asynctaskflow_openrouter.offline.sentences import split_paragraphs, split_sentences
from asynctaskflow_openrouter.offline.stopwords import STOPWORDS
from asynctaskflow_openrouter.offline.terms import content_terms, words

Length = Literal["short", "medium", "long"]

UNSPACED_LANGUAGES = frozenset({"zh", "ja", "th"})
BLOCK_SENTENCES = 400
SHORTLIST_PER_BLOCK = 12
MAX_SENTENCE_CHARACTERS = 700
# Shorter sentences are interjections and labels.
MIN_WORDS = 4
MIN_SIGNS = 4
# What goes on, or was cut.
NO_ENDS = ":;,-：；，、"
LEAD_BONUS = 2.2
LEAD_SENTENCES = 2
LISTED_FACTOR = 0.4
FRAGMENT_FACTOR = 0.2
LONG_SENTENCE_WORDS = 35
# Two sentences more alike than this say the same thing.
MAX_SIMILARITY = 0.5
# (share of the sentences, fewest, most)
_LENGTHS: dict[Length, tuple[float, int, int]] = {
    "short": (0.08, 2, 2),
    "medium": (0.15, 3, 5),
    "long": (0.3, 5, 12),
}


@dataclass(frozen=True, slots=True)
class Extract:
    """A summary made of sentences of the text."""

    sentences: tuple[str, ...]
    language: str
    sentences_total: int

    @property
    def text(self) -> str:
        """The sentences as one paragraph."""
        return ("" if self.language in UNSPACED_LANGUAGES else " ").join(self.sentences)


@dataclass(frozen=True, slots=True)
class _Candidate:
    text: str
    position: int
    prior: float


def sentences_wanted(length: Length, *, total: int) -> int:
    """Return how many of ``total`` sentences a summary of this length has."""
    share, fewest, most = _LENGTHS[length]
    return min(most, max(fewest, round(share * total)))


def summarize(
    text: str, *, title: str = "", length: Length = "medium", sentences: int | None = None
) -> Extract:
    """Return the summary of ``text``.

    Args:
        text: plain text or light markup in any language.
        title: what the text is about, where that is known: its sentences count more.
        length: how long, where ``sentences`` does not say.
        sentences: exact number of sentences wanted, at least 1.
    """
    language = detect_language(text)
    stopwords = STOPWORDS.get(language, frozenset())
    about = frozenset(content_terms(title, stopwords))
    candidates = [
        _focus(candidate, about, stopwords)
        for candidate in _candidates(text, stopwords=stopwords, language=language)
    ]
    wanted = sentences or sentences_wanted(length, total=len(candidates))
    total = len(candidates)
    while len(candidates) > BLOCK_SENTENCES:
        candidates = _shortlist(candidates, wanted=wanted, stopwords=stopwords)
    chosen = _choose(candidates, wanted=wanted, stopwords=stopwords)
    chosen.sort(key=lambda candidate: candidate.position)
    return Extract(
        sentences=tuple(_clip(candidate.text) for candidate in chosen),
        language=language,
        sentences_total=total,
    )


def _candidates(text: str, *, stopwords: frozenset[str], language: str) -> list[_Candidate]:
    """Return the sentences in order; headings, lists and code only where there is nothing else."""
    everything: list[_Candidate] = []
    prose: list[_Candidate] = []
    leading = 0
    is_prose = _prose_test(stopwords, language)
    for paragraph in split_paragraphs(text):
        for index, sentence in enumerate(split_sentences(paragraph.text)):
            prior = _prior(leading, in_paragraph=index, listed=paragraph.listed)
            candidate = _Candidate(sentence, len(everything), prior * _plainness(sentence))
            everything.append(candidate)
            if is_prose(sentence):
                prose.append(candidate)
                leading += not paragraph.listed
    return prose or everything


def _prior(before: int, *, in_paragraph: int, listed: bool) -> float:
    """Openings count more: the lead of the text most, the first sentence of a paragraph a little.

    Lists have no lead: what stands in them before the text is its table of contents.
    """
    if listed:
        return LISTED_FACTOR
    lead = 1 + LEAD_BONUS * math.exp(-before / LEAD_SENTENCES)
    return lead * (1.2 if in_paragraph == 0 else 1.0)


def _focus(candidate: _Candidate, about: frozenset[str], stopwords: frozenset[str]) -> _Candidate:
    if not about:
        return candidate
    shared = about & frozenset(content_terms(candidate.text, stopwords))
    return replace(candidate, prior=candidate.prior * (1 + len(shared) / len(about)))


def _plainness(sentence: str) -> float:
    """Return what is left for a sentence that quotes code, names links, asks, was cut, or runs on."""
    length = max(1, sentence.count(" ") + 1)
    factor = min(1.0, LONG_SENTENCE_WORDS / length)
    if any(mark in sentence for mark in ("`", "://", "{", "|", "<", "]/")):
        factor *= 0.5
    # The rest of a sentence that began on another page.
    if sentence[0].islower():
        factor *= FRAGMENT_FACTOR
    return factor * (0.6 if sentence.endswith(("?", "!")) else 1.0)


def _prose_test(stopwords: frozenset[str], language: str) -> Callable[[str], bool]:
    def is_prose(sentence: str) -> bool:
        if len(sentence) > MAX_SENTENCE_CHARACTERS or sentence[-1] in NO_ENDS:
            return False
        if language in UNSPACED_LANGUAGES:
            return sum(map(str.isalpha, sentence)) >= MIN_SIGNS and not sentence[-1].isalnum()
        found = [word.lower() for word in words(sentence)]
        letters = sum(char.isalpha() or char == " " for char in sentence)
        if len(found) < MIN_WORDS or letters < 0.75 * len(sentence) or sentence[-1].isalnum():
            return False
        return not stopwords or sum(word in stopwords for word in found) >= 0.12 * len(found)

    return is_prose


def _shortlist(
    candidates: Sequence[_Candidate], *, wanted: int, stopwords: frozenset[str]
) -> list[_Candidate]:
    kept = min(max(SHORTLIST_PER_BLOCK, wanted), BLOCK_SENTENCES // 2)
    shortlist: list[_Candidate] = []
    for start in range(0, len(candidates), BLOCK_SENTENCES):
        block = candidates[start : start + BLOCK_SENTENCES]
        chosen = _choose(block, wanted=kept, stopwords=stopwords)
        shortlist.extend(sorted(chosen, key=lambda candidate: candidate.position))
    return shortlist


def _choose(
    candidates: Sequence[_Candidate], *, wanted: int, stopwords: frozenset[str]
) -> list[_Candidate]:
    """Return the best ``wanted`` candidates, best first, none of them saying the same twice."""
    if len(candidates) <= wanted:
        return list(candidates)
    vectors = lexrank.weigh(
        [list(content_terms(candidate.text, stopwords)) for candidate in candidates]
    )
    scores = lexrank.rank(vectors, [candidate.prior for candidate in candidates])
    best_first = sorted(
        range(len(candidates)),
        key=lambda index: -scores[index] * candidates[index].prior,
    )
    chosen: list[int] = []
    for index in best_first:
        if all(lexrank.cosine(vectors[index], vectors[one]) <= MAX_SIMILARITY for one in chosen):
            chosen.append(index)
        if len(chosen) == wanted:
            break
    return [candidates[index] for index in chosen]


def _clip(sentence: str) -> str:
    if len(sentence) <= MAX_SENTENCE_CHARACTERS:
        return sentence
    return sentence[:MAX_SENTENCE_CHARACTERS].rsplit(" ", 1)[0] + " …"
