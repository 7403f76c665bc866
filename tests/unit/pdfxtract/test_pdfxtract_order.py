import random

import pytest

from asynctaskflow_pdfxtract.layout.order import MAX_BLOCKS, reading_order
from asynctaskflow_pdfxtract.layout.roles import Roles

ROLES = Roles(body_size=10)
COLUMN = "a column of text/that goes on/for some lines"


def order(blocks):
    return [block.text.split()[0] for block in reading_order(blocks, ROLES)]


def column(block, name, *, x, y, lines=3):
    return block("/".join([f"{name} has words of text"] * lines), x=x, y=y)


def test_a_headline_comes_before_its_columns_and_these_from_the_left(block):
    page = [
        column(block, "second", x=220, y=140),
        column(block, "first", x=50, y=140),
        block("Headline that spans both of them", x=50, y=110, size=20),
    ]

    assert order(page) == ["Headline", "first", "second"]


def test_stories_side_by_side_are_read_one_after_the_other(block):
    page = [
        block("Left story", x=50, y=100, size=20),
        column(block, "lefttext", x=50, y=130),
        block("Right story", x=300, y=100, size=20),
        column(block, "righttext", x=300, y=130),
    ]

    assert order(page) == ["Left", "lefttext", "Right", "righttext"]


def test_a_row_of_headlines_parts_the_stories_above_from_those_below(block):
    page = [
        block("Upper story here", x=50, y=100, size=20),
        column(block, "one", x=50, y=130),
        column(block, "two", x=250, y=130),
        block("Lower", x=50, y=200, size=20),
        column(block, "three", x=50, y=230),
        column(block, "four", x=250, y=230),
    ]

    assert order(page) == ["Upper", "one", "two", "Lower", "three", "four"]


def test_kickers_belong_to_the_headline_under_them(block):
    page = [
        column(block, "above", x=50, y=60),
        block("MUSIC", x=50, y=118, size=8, bold=True),
        block("Left story", x=50, y=142, size=20),
        column(block, "left", x=50, y=170),
        block("LETTERS", x=300, y=118, size=8, bold=True),
        block("Right story", x=300, y=142, size=20),
        column(block, "right", x=300, y=170),
    ]

    assert order(page) == ["above", "MUSIC", "Left", "left", "LETTERS", "Right", "right"]


def test_what_cannot_be_cut_is_read_by_rules(block):
    # A wheel of four blocks, each reaching past the next: no straight cut goes through.
    page = [
        block("north has very many words in its line", x=50, y=100),
        block("east/east/east/east/east/east", x=260, y=100),
        block("south has very many words in its line", x=100, y=172),
        block("west/west/west/west/west", x=50, y=124),
    ]

    found = order(page)

    assert sorted(found) == ["east", "north", "south", "west"]
    assert found[0] == "north"
    assert found.index("west") < found.index("south")


@pytest.mark.parametrize("seed", range(5))
def test_the_order_given_does_not_matter_and_nothing_is_lost(block, seed):
    page = [
        column(block, f"c{x}r{y}", x=50 + 200 * x, y=100 + 90 * y)
        for x in range(3)
        for y in range(3)
    ]
    expected = order(page)

    random.Random(seed).shuffle(page)

    assert order(page) == expected
    assert len(expected) == 9


def test_a_page_of_confetti_is_read_in_rows(block):
    page = [block("x", x=20 * (n % 40), y=100 + 12 * (n // 40)) for n in range(MAX_BLOCKS + 1)]

    assert len(reading_order(page, ROLES)) == MAX_BLOCKS + 1
