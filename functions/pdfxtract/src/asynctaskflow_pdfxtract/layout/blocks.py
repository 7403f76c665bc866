"""Lines to blocks: lines of one style under each other, with regular leading, belong together. Pure."""

from collections.abc import Sequence

from asynctaskflow_pdfxtract.layout.geometry import Block, Line, overlap

# Baseline to baseline, in units of the type size.
MAX_LEADING = 1.75
MIN_LEADING = 0.6
SIZE_TOLERANCE = 0.08
RUN_IN_TOLERANCE = 0.25
MIN_SHARED_WIDTH = 0.5
# A capital that opens an article: this many times the size of the text, at most this many letters.
INITIAL_FACTOR = 1.7
INITIAL_LETTERS = 2


def build_blocks(lines: Sequence[Line]) -> list[Block]:
    """Return the blocks of a page; ``lines`` are sorted from the top."""
    open_blocks: list[list[Line]] = []
    for line in _set_initials(lines):
        above = _block_above(line, open_blocks)
        if above is None:
            open_blocks.append([line])
        else:
            above.append(line)
    return [Block.of(block) for block in open_blocks]


def _block_above(line: Line, open_blocks: Sequence[list[Line]]) -> list[Line] | None:
    """Return the block that ``line`` continues: the lowest one above it that it shares a column with.

    Whatever stands between a block and the line closes the block for it.
    """
    neighbours = [block for block in open_blocks if overlap(block[-1], line) > 0]
    if not neighbours:
        return None
    nearest = max(neighbours, key=lambda block: block[-1].base)
    return nearest if _continues(nearest, line) else None


def _continues(block: Sequence[Line], line: Line) -> bool:
    last = block[-1]
    size = max(last.size, line.size)
    leading = line.base - last.base
    return (
        (_same_style(last, line) or _runs_in(last, line))
        and MIN_LEADING * size <= leading <= MAX_LEADING * size
        and _shares_column(block, line)
    )


def _same_style(last: Line, line: Line) -> bool:
    alike = abs(last.size - line.size) <= SIZE_TOLERANCE * max(last.size, line.size)
    return alike and last.bold == line.bold


def _runs_in(last: Line, line: Line) -> bool:
    """Tell whether the text goes on in another style, as after a heading on the same line."""
    near = abs(last.size - line.size) <= RUN_IN_TOLERANCE * max(last.size, line.size)
    return near and line.text[0].islower() and last.text[-1] not in ".:!?"


def _shares_column(block: Sequence[Line], line: Line) -> bool:
    narrower = min(max(above.x1 - above.x0 for above in block[-3:]), line.x1 - line.x0)
    shared = max(overlap(above, line) for above in block[-3:])
    return shared >= MIN_SHARED_WIDTH * narrower


def _set_initials(lines: Sequence[Line]) -> list[Line]:
    """Put each drop cap in front of the line whose first word it begins."""
    initials = [line for line in lines if _may_be_initial(line)]
    rest = [line for line in lines if not _may_be_initial(line)]
    for initial in initials:
        at = _line_of_initial(initial, rest)
        if at is None:
            rest.append(initial)
        else:
            rest[at] = _with_initial(initial, rest[at])
    return sorted(rest, key=lambda line: (line.base, line.x0))


def _may_be_initial(line: Line) -> bool:
    return len(line.words) == 1 and len(line.text) <= INITIAL_LETTERS and line.text.isupper()


def _line_of_initial(initial: Line, lines: Sequence[Line]) -> int | None:
    """Return the index of the topmost smaller line that starts at the right of the capital."""
    beside = [
        (line.base, index)
        for index, line in enumerate(lines)
        if line.size * INITIAL_FACTOR <= initial.size
        and 0 <= line.x0 - initial.x1 + 1 <= 2.0 * line.size
        and initial.top - 0.5 * line.size <= line.base <= initial.base + 0.5 * line.size
    ]
    return min(beside)[1] if beside else None


def _with_initial(initial: Line, line: Line) -> Line:
    first = line.words[0]
    capital = initial.words[0]
    # A one-letter word stands alone: "A storm" has an initial too.
    whole = type(first)(
        text=capital.text + first.text,
        x0=first.x0,
        x1=first.x1,
        base=first.base,
        size=first.size,
        bold=first.bold,
        italic=first.italic,
        hyphenated=first.hyphenated,
    )
    return Line((whole, *line.words[1:]))
