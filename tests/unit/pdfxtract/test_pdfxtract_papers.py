"""What real papers, manuals and Japanese pages do that newspapers do not."""

import pytest

from asynctaskflow_pdfxtract.layout.articles import Reader
from asynctaskflow_pdfxtract.layout.furniture import Furniture
from asynctaskflow_pdfxtract.layout.roles import ends_sentence

LINES = ["words of a left column that run", "over many lines go on and on"] * 8


def bodies(board):
    return [piece.body for piece in Reader().read(board.page())]


def two_columns(board):
    """Columns that end far above the lower margin, with a number under the gutter between them."""
    board.column("start of it all", *LINES, "and the word is inter-", x=60, y=100)
    board.column("esting to all who read it.", *LINES, "The end.", x=310, y=100)
    board.line("3", x=280, y=690)


def test_a_page_number_far_above_the_margin_goes(board):
    two_columns(board)

    kept = Furniture().remove(board.page(), board.lines())

    assert "3" not in [line.text for line in kept]


def test_a_page_number_under_the_gutter_does_not_part_a_word_from_its_rest(board):
    two_columns(board)

    (body,) = bodies(board)

    assert "the word is interesting to all" in body


def test_a_year_at_the_end_of_the_text_stays(board):
    y = board.column(*LINES, "It was the summer of", x=60, y=400)
    board.line("1984", x=60, y=y)

    assert bodies(board)[0].endswith("summer of 1984")


def test_a_number_in_the_middle_of_the_page_stays(board):
    board.column(*LINES[:8], x=60, y=60)
    board.line("42", x=60, y=400)

    assert "42" in [line.text for line in Furniture().remove(board.page(), board.lines())]


@pytest.mark.parametrize(
    "caption",
    ["Figure 1: The fill line of the bird", "Abb. 3. Karte der Gegend", "図 2: 全体の図"],
)
def test_a_numbered_caption_in_the_size_of_the_text_is_no_text(board, caption):
    y = board.column(*LINES, "It ends.", x=60, y=100)
    board.line(caption, x=60, y=y + 40)

    assert caption not in bodies(board)[0]


def test_a_sentence_about_a_figure_is_text(board):
    y = board.column(*LINES, "It ends.", x=60, y=100)
    board.column("Figure 1 shows the bird", "that sings at night.", x=60, y=y + 40)

    assert "Figure 1 shows the bird that sings" in bodies(board)[0]


def test_a_table_of_contents_is_no_article(board):
    board.line("Contents", x=60, y=80, size=16)
    entries = [f"Chapter of many things {n} . . . . . . . . . . . . {n}" for n in range(20)]
    board.column(*entries, x=60, y=110)

    assert bodies(board) == []


def test_a_column_of_bare_numbers_is_no_text(board):
    board.column(*LINES, "It ends.", x=60, y=100)
    board.column("12", "15 19", "240", x=400, y=100)

    assert not any(char.isdigit() for char in bodies(board)[0])


def test_lines_without_spaces_are_joined_without_spaces(board):
    board.column(
        *["この町の川は長い間人々の生活", "を支えてきた。水は澄んでいて"] * 3,
        "美しい。",
        x=60,
        y=100,
    )

    assert " " not in bodies(board)[0]


def test_a_short_japanese_article_is_kept(board):
    board.line("川の話", x=60, y=80, size=16)
    board.line("この町の川は長い間人々の生活を支えてきた。", x=60, y=110)

    assert bodies(board) == ["この町の川は長い間人々の生活を支えてきた。"]


@pytest.mark.parametrize("text", ["終わった。", "「行こう。」", "本当？", "No. (“Yes!”)"])
def test_a_sentence_ends_with_the_mark_of_its_script(text):
    assert ends_sentence(text)
