"""The topics of an article among its neighbours: words and names frequent here and rare there. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from asynctaskflow_openrouter.offline.sentences import split_sentences
from asynctaskflow_openrouter.offline.stopwords import STOPWORDS
from asynctaskflow_openrouter.offline.terms import fold, words

TITLE_FACTOR = 1.6
NAME_FACTOR = 1.4
MIN_LETTERS = 4
# A name of several words replaces its parts when it is at least this share of their use.
NAME_SHARE = 0.5
# Languages that write every noun with a capital: there it does not mark a name.
CAPITAL_NOUNS = frozenset({"de"})


@dataclass(frozen=True, slots=True)
class Article:
    """What topics are taken from."""

    title: str
    body: str


@dataclass(slots=True)
class _Counts:
    """How often each term and each name of two or three words occurs, and how it is written.

    Attributes:
        headed: terms of the title; a title alone is too playful to take topics from.
    """

    headed: frozenset[str]
    terms: Counter[str] = field(default_factory=Counter)
    names: Counter[tuple[str, ...]] = field(default_factory=Counter)
    spellings: dict[str, Counter[str]] = field(default_factory=dict)


def topics(articles: Sequence[Article], *, language: str, most: int = 5) -> list[tuple[str, ...]]:
    """Return up to ``most`` topics for each article, the most telling first.

    Args:
        articles: all articles of the document; what they share is no topic of one of them.
        language: ISO 639-1 code of their language; unknown ones get along without stopwords.
        most: topics per article.
    """
    stopwords = STOPWORDS.get(language, frozenset())
    counted = [_count(article, stopwords) for article in articles]
    spread = Counter(term for counts in counted for term in counts.terms)
    marks_names = language not in CAPITAL_NOUNS
    return [
        _pick(counts, spread=spread, total=len(articles), most=most, marks_names=marks_names)
        for counts in counted
    ]


def _count(article: Article, stopwords: frozenset[str]) -> _Counts:
    counts = _Counts(headed=frozenset(map(fold, words(article.title))))
    for sentence in split_sentences(" ".join(article.body.split())):
        found = words(sentence)
        counts.names.update(_names(found[1:], stopwords))
        for index, word in enumerate(found):
            if _is_telling(word, stopwords):
                key = fold(word)
                counts.terms[key] += 1
                # The capital at the start of a sentence does not make a name: it has no vote.
                spelling, vote = (word, 1) if index else (word.lower(), 0)
                counts.spellings.setdefault(key, Counter())[spelling] += vote
    return counts


def _is_telling(word: str, stopwords: frozenset[str]) -> bool:
    return len(word) >= MIN_LETTERS and word.lower() not in stopwords and not word[0].isdigit()


def _names(found: Sequence[str], stopwords: frozenset[str]) -> Iterable[tuple[str, ...]]:
    """Yield the runs of two or three capitalised words."""
    run: list[str] = []
    for word in [*found, ""]:
        if word[:1].isupper() and word.lower() not in stopwords:
            run.append(word)
            continue
        if 2 <= len(run) <= 3:
            yield tuple(run)
        run = []


def _pick(
    counts: _Counts, *, spread: Counter[str], total: int, most: int, marks_names: bool
) -> tuple[str, ...]:
    scores: dict[str, float] = {}
    for key, count in counts.terms.items():
        spelling = _spelling(counts, key)
        is_name = marks_names and spelling[:1].isupper()
        rarity = math.log((1 + total) / spread[key]) + 0.3
        scores[key] = (1 + math.log(count)) * rarity * (NAME_FACTOR if is_name else 1.0)
        if key in counts.headed:
            scores[key] *= TITLE_FACTOR
    picked: list[str] = []
    for key in sorted(scores, key=lambda key: (-scores[key], key)):
        topic = _widen(key, counts)
        if not any(_overlap(topic, other) for other in picked):
            picked.append(topic)
        if len(picked) == most:
            break
    return tuple(picked)


def _spelling(counts: _Counts, key: str) -> str:
    """The commonest way the word is written; of two, the one with a capital."""
    return min(counts.spellings[key].items(), key=lambda item: (-item[1], item[0]))[0]


def _widen(key: str, counts: _Counts) -> str:
    """Return the name that ``key`` is mostly a part of, else its commonest spelling."""
    spelling = _spelling(counts, key)
    uses = counts.terms[key]
    for name, count in counts.names.most_common():
        if key in map(fold, name) and count >= 2 and count >= NAME_SHARE * uses:
            return " ".join(name)
    return spelling


def _overlap(one: str, other: str) -> bool:
    return bool({fold(word) for word in one.split()} & {fold(word) for word in other.split()})
