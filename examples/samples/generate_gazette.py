"""Sets gazette.toml as a two-page newspaper, gazette.pdf. Needs reportlab.

The page has what makes newspapers hard to read for programs: columns under headlines of different
width, a drop cap, words parted at line ends, a picture with a caption, running heads and folios.
"""

import math
import re
import sys
import tomllib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

HERE = Path(__file__).parent
WIDTH, HEIGHT = 640.0, 900.0
MARGIN, GUTTER, COLUMNS = 36.0, 14.0, 4
COLUMN = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GUTTER) / COLUMNS
BODY, LEADING, INDENT = 9.2, 11.2, 9.0
ROMAN, BOLD, ITALIC = "Times-Roman", "Times-Bold", "Times-Italic"
DROP_LINES = 3
INK, GREY = HexColor("#111111"), HexColor("#777777")


@dataclass(frozen=True)
class SetLine:
    """A line of body text, ready to draw."""

    text: str
    font: str
    indent: float
    justified: bool


def column_x(column: int) -> float:
    """Left edge of a column."""
    return MARGIN + column * (COLUMN + GUTTER)


def span(columns: int) -> float:
    """Width of several columns with their gutters."""
    return columns * COLUMN + (columns - 1) * GUTTER


def break_lines(words: list[str], *, font: str, size: float, widths: Any, parts: Any) -> list[str]:
    """Fill lines greedily; ``widths`` maps a line's index to its width, ``parts`` a word to its parts."""
    lines: list[str] = []
    line, waiting = "", list(words)
    while waiting:
        word = waiting.pop(0)
        room = widths(len(lines))
        trial = f"{line} {word}".strip()
        if stringWidth(trial, font, size) <= room:
            line = trial
            continue
        for head, tail in parts(word):
            trial = f"{line} {head}-".strip()
            if stringWidth(trial, font, size) <= room:
                line, word = trial, tail
                break
        lines.append(line)
        line = ""
        waiting.insert(0, word)
    return [*lines, line]


def word_parts(hyphenation: str) -> Any:
    """Return a function from a word to its splits, longest head first."""
    known = {entry.replace("-", ""): entry.split("-") for entry in hyphenation.split()}

    def parts(word: str) -> list[tuple[str, str]]:
        core = re.match(r"[A-Za-z]+", word)
        syllables = known.get(core.group().lower(), []) if core else []
        cuts = [sum(map(len, syllables[:count])) for count in range(len(syllables) - 1, 0, -1)]
        return [(word[:cut], word[cut:]) for cut in cuts]

    return parts


def set_body(article: dict[str, Any], *, width: float, parts: Any, drop: float) -> list[SetLine]:
    """Return all lines of an article; the first paragraph leaves ``drop`` points for its initial."""
    lines = []
    for number, paragraph in enumerate(article["body"].strip().split("\n\n")):
        text = paragraph[1:] if number == 0 and drop else paragraph

        def indent(index: int, number: int = number) -> float:
            if number == 0:
                return drop if index < DROP_LINES else 0.0
            return INDENT if index == 0 else 0.0

        broken = break_lines(
            text.split(),
            font=ROMAN,
            size=BODY,
            widths=lambda index, indent=indent: width - indent(index),
            parts=parts,
        )
        last = len(broken) - 1
        lines += [SetLine(t, ROMAN, indent(i), i < last) for i, t in enumerate(broken)]
    return lines


def draw_line(canvas: Canvas, line: SetLine, *, x: float, y: float, width: float) -> None:
    """Draw one line, stretched to the column where it is not a paragraph's last."""
    text = canvas.beginText(x + line.indent, y)
    text.setFont(line.font, BODY)
    gaps = line.text.count(" ")
    if line.justified and gaps:
        rest = width - line.indent - stringWidth(line.text, line.font, BODY)
        text.setWordSpace(rest / gaps)
    text.textOut(line.text)
    text.setWordSpace(0)
    canvas.drawText(text)


def draw_heading(
    canvas: Canvas, text: str, *, font: str, size: float, x: float, y: float, width: float
) -> float:
    """Draw a heading over several lines and return the y below it."""
    for line in break_lines(
        text.split(), font=font, size=size, widths=lambda _: width, parts=lambda _: []
    ):
        y -= size * 1.08
        canvas.setFont(font, size)
        canvas.drawString(x, y, line)
    return y - size * 0.3


def draw_article(
    canvas: Canvas,
    article: dict[str, Any],
    *,
    column: int,
    columns: int,
    top: float,
    headline: float,
    parts: Any,
    drop_cap: bool = False,
) -> float:
    """Draw an article over ``columns`` columns and return the y of its lower edge."""
    x, width = column_x(column), span(columns)
    if article.get("kicker"):
        canvas.setFont("Helvetica-Bold", 7.5)
        canvas.drawString(x, top - 9, article["kicker"])
        top -= 11
    y = draw_heading(canvas, article["title"], font=BOLD, size=headline, x=x, y=top, width=width)
    if article["subtitle"]:
        y = draw_heading(canvas, article["subtitle"], font=ITALIC, size=12.5, x=x, y=y, width=width)
    drop = stringWidth(article["body"].strip()[0], BOLD, 38) + 3 if drop_cap else 0.0
    lines = set_body(article, width=COLUMN, parts=parts, drop=drop)
    lines.insert(0, SetLine(f"By {article['author']}", BOLD, 0.0, justified=False))
    per_column = -(-len(lines) // columns)
    for index, line in enumerate(lines):
        at, row = divmod(index, per_column)
        line_y = y - (row + 1) * LEADING
        draw_line(canvas, line, x=column_x(column + at), y=line_y, width=COLUMN)
        if drop_cap and index == DROP_LINES:
            canvas.setFont(BOLD, 38)
            canvas.drawString(x, line_y, article["body"].strip()[0])
    return y - per_column * LEADING


def draw_chart(canvas: Canvas, *, x: float, top: float, width: float) -> float:
    """Draw the tide picture with its caption and return the y below."""
    canvas.setFillColor(HexColor("#dfe9ef"))
    height = 84.0
    canvas.rect(x, top - height, width, height, stroke=0, fill=1)
    levels = [42 + 30 * math.sin(hour / 6.2 * math.pi) for hour in range(25)]
    step = width / (len(levels) - 1)
    canvas.setStrokeColor(HexColor("#1f5c7a"))
    canvas.setLineWidth(1.5)
    for at, (low, high) in enumerate(pairwise(levels)):
        canvas.line(x + at * step, top - height + low, x + (at + 1) * step, top - height + high)
    canvas.setLineWidth(0.5)
    canvas.setFillColor(INK)
    canvas.setStrokeColor(GREY)
    caption = "High water fills the pond twice a day; the wheel turns while it empties."
    return draw_heading(
        canvas, caption, font=ITALIC, size=7.2, x=x, y=top - height - 2, width=width
    )


def draw_rule(canvas: Canvas, *, column: int, top: float, bottom: float) -> None:
    """Draw the hairline on the left of a column."""
    x = column_x(column) - GUTTER / 2
    canvas.line(x, top, x, bottom)


def front_page(canvas: Canvas, paper: dict[str, Any], articles: dict[str, Any], parts: Any) -> None:
    """Draw page 1."""
    canvas.setFont(BOLD, 44)
    canvas.drawCentredString(WIDTH / 2, HEIGHT - 66, paper["name"])
    canvas.setFont(ITALIC, 9)
    canvas.drawCentredString(WIDTH / 2, HEIGHT - 82, paper["motto"])
    canvas.line(MARGIN, HEIGHT - 90, WIDTH - MARGIN, HEIGHT - 90)
    canvas.setFont(ROMAN, 8.5)
    canvas.drawString(MARGIN, HEIGHT - 101, "No. 5,912")
    canvas.drawCentredString(WIDTH / 2, HEIGHT - 101, paper["date"])
    canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 101, "Price 1.20")
    canvas.line(MARGIN, HEIGHT - 106, WIDTH - MARGIN, HEIGHT - 106)
    top = HEIGHT - 112
    lead = draw_article(
        canvas,
        articles["tide"],
        column=0,
        columns=3,
        top=top,
        headline=29,
        parts=parts,
        drop_cap=True,
    )
    ferry = draw_article(
        canvas, articles["ferry"], column=3, columns=1, top=top, headline=17, parts=parts
    )
    side = draw_chart(canvas, x=column_x(0), top=lead - 10, width=span(3))
    middle = min(ferry, side) - 6
    draw_rule(canvas, column=3, top=top, bottom=middle)
    canvas.line(MARGIN, middle, WIDTH - MARGIN, middle)
    draw_article(
        canvas, articles["library"], column=0, columns=2, top=middle - 4, headline=21, parts=parts
    )
    draw_article(
        canvas, articles["school"], column=2, columns=2, top=middle - 4, headline=21, parts=parts
    )
    draw_rule(canvas, column=2, top=middle, bottom=MARGIN + 10)
    canvas.setFont(ROMAN, 8.5)
    canvas.drawCentredString(WIDTH / 2, MARGIN - 8, "1")


def second_page(
    canvas: Canvas, paper: dict[str, Any], articles: dict[str, Any], parts: Any
) -> None:
    """Draw page 2."""
    canvas.setFont(ROMAN, 8.5)
    canvas.drawString(MARGIN, HEIGHT - 40, "2")
    canvas.drawCentredString(WIDTH / 2, HEIGHT - 40, paper["name"])
    canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 40, paper["date"])
    canvas.line(MARGIN, HEIGHT - 46, WIDTH - MARGIN, HEIGHT - 46)
    top = HEIGHT - 54
    lead = draw_article(
        canvas, articles["eel"], column=0, columns=3, top=top, headline=27, parts=parts
    )
    bread = draw_article(
        canvas, articles["bread"], column=3, columns=1, top=top, headline=17, parts=parts
    )
    middle = min(lead, bread) - 10
    draw_rule(canvas, column=3, top=top, bottom=middle)
    canvas.line(MARGIN, middle, WIDTH - MARGIN, middle)
    review = draw_article(
        canvas, articles["review"], column=0, columns=2, top=middle - 4, headline=22, parts=parts
    )
    letter = draw_article(
        canvas, articles["letter"], column=2, columns=2, top=middle - 4, headline=22, parts=parts
    )
    low = min(review, letter) - 10
    draw_rule(canvas, column=2, top=middle, bottom=low)
    canvas.line(MARGIN, low, WIDTH - MARGIN, low)
    draw_article(
        canvas, articles["clock"], column=0, columns=4, top=low - 4, headline=25, parts=parts
    )


def generate(target: Path) -> None:
    """Write the newspaper to ``target``, byte for byte the same each time."""
    paper = tomllib.loads((HERE / "gazette.toml").read_text(encoding="utf-8"))
    articles = {article["id"]: article for article in paper["articles"]}
    parts = word_parts(paper["hyphenation"])
    canvas = Canvas(str(target), pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1)
    canvas.setTitle(f"{paper['name']}, {paper['date']}")
    canvas.setLineWidth(0.5)
    for draw in (front_page, second_page):
        canvas.setStrokeColor(GREY)
        canvas.setFillColor(INK)
        draw(canvas, paper, articles, parts)
        canvas.showPage()
    canvas.save()


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "gazette.pdf")
