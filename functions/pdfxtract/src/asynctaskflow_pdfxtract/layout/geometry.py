"""What stands where on a page: words, lines and blocks in points, y growing downwards. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was set.

    Attributes:
        base: y of the baseline.
        size: size of the type in points, after all scaling.
        hyphenated: whether it ends in a hyphen that may only be there because the line ended.
    """

    text: str
    x0: float
    x1: float
    base: float
    size: float
    bold: bool = False
    italic: bool = False
    hyphenated: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Neighbouring words on one baseline; two columns side by side give two lines."""

    words: tuple[Word, ...]

    @property
    def x0(self) -> float:
        """Left edge."""
        return self.words[0].x0

    @property
    def x1(self) -> float:
        """Right edge."""
        return max(word.x1 for word in self.words)

    @property
    def base(self) -> float:
        """Baseline of the largest part."""
        return max(self.words, key=lambda word: word.size * len(word.text)).base

    @property
    def size(self) -> float:
        """Size in which most of the line is set."""
        return _commonest([(word.size, len(word.text)) for word in self.words])

    @property
    def top(self) -> float:
        """Upper edge of capitals, roughly."""
        return self.base - 0.75 * self.size

    @property
    def text(self) -> str:
        """The words with single spaces."""
        return " ".join(word.text for word in self.words)

    @property
    def bold(self) -> bool:
        """Whether most letters are bold."""
        return _mostly([(word.bold, len(word.text)) for word in self.words])

    @property
    def italic(self) -> bool:
        """Whether most letters are italic."""
        return _mostly([(word.italic, len(word.text)) for word in self.words])


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of one style under each other: a headline, a paragraph or a whole column of them."""

    lines: tuple[Line, ...]
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    bold: bool
    italic: bool

    @classmethod
    def of(cls, lines: Sequence[Line]) -> "Block":
        """Build the block of these lines, which are in order from the top."""
        weights = [(line.size, len(line.text)) for line in lines]
        return cls(
            lines=tuple(lines),
            x0=min(line.x0 for line in lines),
            x1=max(line.x1 for line in lines),
            top=lines[0].top,
            bottom=lines[-1].base,
            size=_commonest(weights),
            bold=_mostly([(line.bold, len(line.text)) for line in lines]),
            italic=_mostly([(line.italic, len(line.text)) for line in lines]),
        )

    @property
    def width(self) -> float:
        """Width in points."""
        return self.x1 - self.x0

    @property
    def text(self) -> str:
        """All lines with single spaces, as they stand."""
        return " ".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Page:
    """The upright words of a page in the order in which the file draws them."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...]


def overlap(one: Line | Block, other: Line | Block) -> float:
    """Return how many points of width the two have in common, negative for a gap."""
    return min(one.x1, other.x1) - max(one.x0, other.x0)


def body_size(lines: Sequence[Line]) -> float:
    """Return the size in which most of the page's letters are set."""
    return _commonest([(line.size, len(line.text)) for line in lines])


def _commonest(weighted: Sequence[tuple[float, int]]) -> float:
    counts = Counter[float]()
    for value, weight in weighted:
        counts[round(value, 1)] += weight
    return max(counts, key=lambda value: (counts[value], value))


def _mostly(weighted: Sequence[tuple[bool, int]]) -> bool:
    return sum(weight if value else -weight for value, weight in weighted) > 0
