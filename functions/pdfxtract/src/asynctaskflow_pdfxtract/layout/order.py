"""Reading order: the page is cut into the rectangles that its articles and columns stand in. Pure.

A recursive cut along white space. What is new to it: a band of white space above a row of headlines
parts stories and is cut first; a gutter through the whole region comes second; other white space,
such as that under a headline, comes last. What cannot be cut is ordered block by block with two
rules of Breuel, "High Performance Document Layout Analysis" (2003): of two blocks that share width
the upper comes first; of two that do not, the left one, unless a block between spans both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asynctaskflow_pdfxtract.layout.geometry import Block, overlap
from asynctaskflow_pdfxtract.layout.roles import Roles

# Beyond this many blocks the rules cost more than the page can be worth.
MAX_BLOCKS = 800
# In units of the body's type size.
MIN_BAND = 0.55
MIN_GUTTER = 0.5
ROW_TOLERANCE = 1.6
# In points.
EDGE_TOLERANCE = 1.0
# Overlap up to this share of the narrower block is noise: an overhanging letter, a loose box.
NOISE_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class _Gap:
    """White space across a whole region, along one axis."""

    start: float
    end: float

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


def reading_order(blocks: Sequence[Block], roles: Roles) -> list[Block]:
    """Return the blocks in the order in which a reader takes them."""
    if len(blocks) > MAX_BLOCKS:
        return sorted(blocks, key=lambda block: (block.top, block.x0))
    return _Cutter(roles).order(list(blocks))


class _Cutter:
    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    def order(self, blocks: list[Block]) -> list[Block]:
        """Return a region's blocks in order; each cut leaves smaller regions, so this ends."""
        if len(blocks) <= 1:
            return blocks
        bands = _gaps([(block.top, block.bottom) for block in blocks], self._size * MIN_BAND)
        gutters = _gaps([(block.x0, block.x1) for block in blocks], self._size * MIN_GUTTER)
        if rows := [band for band in bands if self._opens_stories(band, blocks)]:
            return self._cut(blocks, rows, lambda block: block.top)
        if gutters:
            return self._cut(blocks, gutters, lambda block: block.x0)
        if bands:
            return self._cut(blocks, bands[:1], lambda block: block.top)
        return _by_rules(blocks)

    @property
    def _size(self) -> float:
        return self._roles.body_size

    def _cut(
        self, blocks: list[Block], gaps: Sequence[_Gap], edge: Callable[[Block], float]
    ) -> list[Block]:
        bounds = [gap.middle for gap in gaps]
        parts: list[list[Block]] = [[] for _ in range(len(bounds) + 1)]
        for block in blocks:
            parts[sum(edge(block) >= bound for bound in bounds)].append(block)
        return [block for part in parts for block in self.order(part)]

    def _opens_stories(self, band: _Gap, blocks: Sequence[Block]) -> bool:
        """Tell whether below the band all that starts is headlines, and above it stands text."""
        above = [block for block in blocks if abs(block.bottom - band.start) <= EDGE_TOLERANCE]
        row = [
            block
            for block in blocks
            if block.top >= band.end and block.top - band.end <= ROW_TOLERANCE * self._size
        ]
        return all(self._heads(block, blocks) for block in row) and not all(
            self._heads(block, blocks) for block in above
        )

    def _heads(self, block: Block, blocks: Sequence[Block]) -> bool:
        return self._roles.is_headline(block) or self._roles.is_kicker(block, blocks)


def _gaps(extents: Sequence[tuple[float, float]], least: float) -> list[_Gap]:
    """Return the white space between the merged ``extents`` that is at least ``least`` wide."""
    ordered = sorted(extents)
    gaps: list[_Gap] = []
    reach = ordered[0][1]
    for start, end in ordered[1:]:
        if start - reach >= least:
            gaps.append(_Gap(reach, start))
        reach = max(reach, end)
    return gaps


def _by_rules(blocks: Sequence[Block]) -> list[Block]:
    ordered = sorted(blocks, key=lambda block: (block.x0, block.top))
    before = [
        [
            index
            for index, other in enumerate(ordered)
            if other is not block and _precedes(other, block, ordered)
        ]
        for block in ordered
    ]
    return [ordered[index] for index in _topological(before)]


def _precedes(one: Block, other: Block, blocks: Sequence[Block]) -> bool:
    if _share_width(one, other):
        return (one.top, one.x0) < (other.top, other.x0)
    if one.x0 > other.x0:
        return False
    low, high = sorted((_middle(one), _middle(other)))
    return not any(
        low < _middle(between) < high
        and _share_width(between, one)
        and _share_width(between, other)
        for between in blocks
    )


def _share_width(one: Block, other: Block) -> bool:
    return overlap(one, other) > NOISE_SHARE * min(one.width, other.width)


def _middle(block: Block) -> float:
    return (block.top + block.bottom) / 2


def _topological(before: Sequence[Sequence[int]]) -> list[int]:
    """Order depth first, starting at the left; a cycle is cut where it is met."""
    done: list[int] = []
    seen: set[int] = set()
    for root in range(len(before)):
        stack = [] if root in seen else [(root, iter(before[root]))]
        seen.add(root)
        while stack:
            index, rest = stack[-1]
            following = next((one for one in rest if one not in seen), None)
            if following is None:
                done.append(index)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(before[following])))
    return done
