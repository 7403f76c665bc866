"""Which language a text is in: by script first, then by its function words. Pure."""

import re
import unicodedata
from collections import Counter

from asynctaskflow_openrouter.offline.stopwords import STOPWORDS

UNKNOWN = "und"
SAMPLE_CHARACTERS = 20_000
MIN_SHARE = 0.08
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = {
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CJK": "zh",
    "ARABIC": "ar",
    "HEBREW": "he",
    "GREEK": "el",
    "DEVANAGARI": "hi",
    "THAI": "th",
}


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of the text's language, or ``und`` when nothing speaks for any.

    Args:
        text: running text; only the first 20,000 characters are looked at.
    """
    sample = text[:SAMPLE_CHARACTERS]
    return _by_script(sample) or _by_words(sample)


def _by_script(sample: str) -> str | None:
    letters = [char for char in sample[:4000] if char.isalpha()]
    if not letters:
        return None
    scripts = Counter(unicodedata.name(char, "?").split(" ")[0].split("-")[0] for char in letters)
    by_language = Counter[str]()
    for script, count in scripts.items():
        if language := _SCRIPTS.get(script):
            by_language[language] += count
    if sum(by_language.values()) * 2 < len(letters):
        return None
    # Japanese mixes kana with Chinese characters; a tenth of kana settles it.
    if by_language["ja"] * 10 >= len(letters):
        return "ja"
    return by_language.most_common(1)[0][0]


def _by_words(sample: str) -> str:
    words = Counter(_WORD.findall(sample.lower()))
    total = sum(words.values())
    if not total:
        return UNKNOWN
    hits = {
        language: sum(words[word] for word in stopwords if word in words)
        for language, stopwords in STOPWORDS.items()
    }
    best = max(hits, key=lambda language: hits[language])
    return best if hits[best] >= max(1, MIN_SHARE * total) else UNKNOWN
