"""What a block is by its type alone: headline, byline, kicker, caption. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from asynctaskflow_pdfxtract.layout.geometry import Block, overlap

# In units of the body's type size.
HEADLINE_FACTOR = 1.25
BOLD_HEADLINE_FACTOR = 1.08
SUBTITLE_FACTOR = 1.1
SMALL_FACTOR = 0.86
MAX_HEADLINE_WORDS = 40
MAX_SUBTITLE_WORDS = 70
MAX_BYLINE_WORDS = 12
MAX_KICKER_WORDS = 5
MAX_CAPTION_LINES = 4
MAX_NUMBERED_CAPTION_LINES = 10
KICKER_CLEARANCE = 2.5
_BYLINE = re.compile(
    r"(?:by|from|di|da|por|par|von|door|av|af|przez|de)\s+(?P<name>[^\W\d_].{2,100})", re.IGNORECASE
)
_ENDS_SENTENCE = re.compile(r"[.!?…:。！？：][\"'”’»)」』）]*$")
_NUMBERED_CAPTION = re.compile(
    r"(?:figure|fig\.?|table|tab\.?|abbildung|abb\.|tabelle|figura|tabla|tabella|tableau"
    r"|figuur|tabel|figur|rysunek|tabela|рис\.|рисунок|таблица|図|表|图)\s*\d{1,3}\s?[:.：]\s",
    re.IGNORECASE,
)


def ends_sentence(text: str) -> bool:
    """Tell whether the text ends where a sentence does."""
    return bool(_ENDS_SENTENCE.search(text))


@dataclass(frozen=True, slots=True)
class Roles:
    """Judges the blocks of a page whose text is mostly set in ``body_size``."""

    body_size: float

    def is_headline(self, block: Block) -> bool:
        """Tell whether the block is large, or bold and larger than the text, and short."""
        if _word_count(block) > MAX_HEADLINE_WORDS or not any(map(str.isalpha, block.text)):
            return False
        if block.size >= HEADLINE_FACTOR * self.body_size:
            return True
        return block.bold and block.size >= BOLD_HEADLINE_FACTOR * self.body_size

    def is_subtitle(self, block: Block) -> bool:
        """Tell whether a block under a headline is set larger than the text."""
        if _word_count(block) > MAX_SUBTITLE_WORDS or _BYLINE.fullmatch(block.text):
            return False
        return block.size >= SUBTITLE_FACTOR * self.body_size

    def is_kicker(self, block: Block, blocks: Sequence[Block]) -> bool:
        """Tell whether the block is a word or two right above a headline."""
        return (
            len(block.lines) == 1
            and _word_count(block) <= MAX_KICKER_WORDS
            and not ends_sentence(block.text)
            and (block.bold or block.text.isupper())
            and not self.is_headline(block)
            and any(self._heads(block, other) for other in blocks)
        )

    def _heads(self, block: Block, other: Block) -> bool:
        distance = other.top - block.bottom
        return (
            0 <= distance <= KICKER_CLEARANCE * block.size
            and overlap(block, other) > 0
            and block.x0 >= other.x0 - self.body_size
            and self.is_headline(other)
        )

    def is_caption(self, block: Block) -> bool:
        """Tell whether the block is a few lines of small type, or numbered: caption or footnote."""
        if _NUMBERED_CAPTION.match(block.text) and len(block.lines) <= MAX_NUMBERED_CAPTION_LINES:
            return True
        largest = max(line.size for line in block.lines)
        return largest <= SMALL_FACTOR * self.body_size and len(block.lines) <= MAX_CAPTION_LINES


def split_byline(block: Block) -> tuple[str, Block | None]:
    """Take the author off the first line of a body.

    Returns:
        The author, empty where none is named, and what is left of the block.
    """
    first = block.lines[0]
    match = _BYLINE.fullmatch(first.text.strip())
    alone = len(block.lines) == 1 or first.bold or first.italic or _is_name(first.text)
    if not match or not alone or len(first.words) > MAX_BYLINE_WORDS or first.text[-1] in ".,;:-":
        return "", block
    rest = block.lines[1:]
    return match["name"].strip(), Block.of(rest) if rest else None


def _is_name(text: str) -> bool:
    """Tell whether most words after the first have a capital, as in names."""
    words = text.split()[1:]
    return sum(word[0].isupper() for word in words) * 2 > len(words) and len(words) <= 5


def _word_count(block: Block) -> int:
    return sum(len(line.words) for line in block.lines)
