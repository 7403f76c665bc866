"""Words to lines: neighbours on a baseline belong together unless a column gutter parts them. Pure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from asynctaskflow_pdfxtract.layout.geometry import Line, Word

# In units of the type size. Words drawn one after the other may stand far apart in a justified
# narrow column; words that merely happen to share a baseline must stand close.
DRAWN_GAP = 1.7
MET_GAP = 0.9
BACKSTEP = 0.5
BASELINE_TOLERANCE = 0.25
RAISED_TOLERANCE = 0.6
RAISED_GAP = 0.35
GUTTER_SUPPORT = 4
MAX_SIZE_RATIO = 1.8
STRETCHED_GAP = 8.0
STRETCHED_REACH = 5.0


def build_lines(words: Sequence[Word]) -> list[Line]:
    """Return the lines of a page from the top, those of one baseline from the left."""
    return _in_rows(_rejoin(_in_rows(_split_at_gutters(_merge(_follow(words))))))


def _in_rows(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (round(line.base), line.x0))


def _follow(words: Iterable[Word]) -> list[list[Word]]:
    """Join words in drawing order."""
    runs: list[list[Word]] = []
    for word in words:
        if runs and _continues(runs[-1], word):
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _continues(run: Sequence[Word], word: Word) -> bool:
    last = run[-1]
    gap = word.x0 - last.x1
    size = max(last.size, word.size)
    # A drop cap shares a baseline with text that it does not belong to.
    if gap < -BACKSTEP * size or size > MAX_SIZE_RATIO * min(last.size, word.size):
        return False
    tolerance = BASELINE_TOLERANCE * size
    if abs(word.base - last.base) <= tolerance or _returns(run, word, tolerance):
        return gap <= DRAWN_GAP * min(last.size, word.size)
    raised = abs(word.base - last.base) <= RAISED_TOLERANCE * size and last.size != word.size
    return raised and gap <= RAISED_GAP * size


def _returns(run: Sequence[Word], word: Word, tolerance: float) -> bool:
    """Tell whether the word goes on with the line after a raised note sign."""
    return len(run) > 1 and run[-1].size < word.size and abs(word.base - run[-2].base) <= tolerance


def _merge(runs: Sequence[list[Word]]) -> list[Line]:
    """Join runs that meet on one baseline though they were drawn at different times."""
    ordered = sorted(runs, key=lambda run: (round(run[0].base), run[0].x0))
    merged: list[list[Word]] = []
    for run in ordered:
        if merged and _meets(merged[-1], run):
            merged[-1].extend(run)
        else:
            merged.append(list(run))
    return [Line(tuple(run)) for run in merged]


def _meets(left: Sequence[Word], right: Sequence[Word]) -> bool:
    one, other = left[-1], right[0]
    size = min(one.size, other.size)
    if abs(one.base - other.base) > BASELINE_TOLERANCE * size:
        return False
    alike = abs(one.size - other.size) <= 0.2 * max(one.size, other.size)
    return alike and -0.2 * size <= other.x0 - one.x1 <= MET_GAP * size


def _split_at_gutters(lines: Sequence[Line]) -> list[Line]:
    """Cut lines that run across a gutter, as files drawn line by line over all columns have them."""
    starts = [line.x0 for line in lines]
    starts += [
        right.x0
        for line in lines
        for left, right in pairwise(line.words)
        if right.x0 - left.x1 >= MET_GAP * line.size
    ]
    pieces: list[Line] = []
    for line in lines:
        cuts = [
            index
            for index, (left, right) in enumerate(pairwise(line.words), start=1)
            if right.x0 - left.x1 >= MET_GAP * line.size and _supported(right.x0, starts)
        ]
        bounds = [0, *cuts, len(line.words)]
        pieces.extend(Line(line.words[start:end]) for start, end in pairwise(bounds))
    return pieces


def _rejoin(lines: Sequence[Line]) -> list[Line]:
    """Join the parts of lines that were stretched so far that they look like two columns."""
    neighbours = [(left, right) for left, right in pairwise(lines) if _share_row(left, right)]
    joined: list[Line] = []
    for line in lines:
        pair = (joined[-1], line) if joined and _share_row(joined[-1], line) else None
        if pair is not None and _is_stretched(pair, lines, neighbours):
            joined[-1] = Line(joined[-1].words + line.words)
        else:
            joined.append(line)
    return joined


def _share_row(left: Line, right: Line) -> bool:
    size = max(left.size, right.size)
    return (
        abs(left.base - right.base) <= BASELINE_TOLERANCE * size
        and abs(left.size - right.size) <= 0.1 * size
        and 0 < right.x0 - left.x1 <= STRETCHED_GAP * size
    )


def _is_stretched(
    pair: tuple[Line, Line], lines: Sequence[Line], neighbours: Sequence[tuple[Line, Line]]
) -> bool:
    """Tell whether more lines nearby run across the gap than have one there too."""
    left, right = pair
    middle, reach = (left.x1 + right.x0) / 2, STRETCHED_REACH * left.size
    crossing = sum(
        line.x0 < left.x1 and line.x1 > right.x0 and abs(line.size - left.size) <= 0.1 * left.size
        for line in lines
        if abs(line.base - left.base) <= reach
    )
    gaps = sum(
        one.x1 <= middle <= other.x0
        for one, other in neighbours
        if abs(one.base - left.base) <= reach
    )
    return crossing > gaps


def _supported(x: float, starts: Sequence[float]) -> bool:
    """Tell whether several lines start at ``x``, as they do at the left edge of a column."""
    return sum(abs(start - x) <= 1.0 for start in starts) >= GUTTER_SUPPORT
