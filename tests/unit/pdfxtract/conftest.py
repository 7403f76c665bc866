"""A drawing board for pages: text at a place, as the words that a PDF's text layer would give."""

from dataclasses import dataclass, field

import pytest

from asynctaskflow_pdfxtract.layout.geometry import Block, Line, Page, Word
from asynctaskflow_pdfxtract.layout.lines import build_lines

LETTER_WIDTH = 0.5
SPACE = 0.3


@dataclass
class Board:
    """Places words; letters are half as wide as their size."""

    width: float = 600
    height: float = 800
    words: list[Word] = field(default_factory=list)

    def line(
        self, text: str, *, x: float, y: float, size: float = 10, gap: float = SPACE, **style: bool
    ) -> float:
        """Place a line; return its right edge."""
        for token in text.split():
            end = x + len(token) * LETTER_WIDTH * size
            hyphenated = token.endswith("-") and len(token) > 1
            self.words.append(Word(token, x, end, y, size, hyphenated=hyphenated, **style))
            x = end + gap * size
        return x - gap * size

    def column(
        self, *lines: str, x: float, y: float, size: float = 10, leading: float = 1.2, **style: bool
    ) -> float:
        """Place lines under each other; return the next baseline."""
        for line in lines:
            self.line(line, x=x, y=y, size=size, **style)
            y += leading * size
        return y

    def page(self, number: int = 1) -> Page:
        """The page so far."""
        return Page(number, self.width, self.height, tuple(self.words))

    def lines(self) -> list[Line]:
        """Its lines."""
        return build_lines(self.words)

    def texts(self) -> list[str]:
        """Their texts."""
        return [line.text for line in self.lines()]


@pytest.fixture
def board():
    return Board()


@pytest.fixture
def block():
    """Builds a block of one or more lines at a place."""

    def build(
        text: str, *, x: float, y: float, size: float = 10, leading: float = 1.2, **style: bool
    ) -> Block:
        drawn = Board()
        drawn.column(*text.split("/"), x=x, y=y, size=size, leading=leading, **style)
        return Block.of(drawn.lines())

    return build
