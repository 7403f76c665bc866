import pytest

from asynctaskflow_pdfxtract.layout.furniture import Furniture


def kept(board, furniture=None, number=1):
    page = board.page(number)
    return [line.text for line in (furniture or Furniture()).remove(page, board.lines())]


def body(board):
    board.column(*["words of an article go here"] * 20, x=50, y=120)


@pytest.mark.parametrize("folio", ["7", "– 12 –", "Page 3", "Seite 4 von 9", "3/16", "xiv", "p. 4"])
@pytest.mark.parametrize("y", [40, 780])
def test_page_numbers_go(board, folio, y):
    body(board)
    board.line(folio, x=300, y=y)

    assert folio not in kept(board)


def test_a_dated_running_head_goes_where_it_stands_alone(board):
    body(board)
    board.line("HEADLINE", x=50, y=110, size=25)
    board.line("The Gazette Saturday, 14 March 2026", x=50, y=40)

    assert not any("Gazette" in text for text in kept(board))


def test_what_stood_in_the_margin_of_an_earlier_page_goes(board):
    furniture = Furniture()
    body(board)
    board.line("The daily news of the town", x=50, y=40)
    assert "The daily news of the town" in kept(board, furniture)

    assert "The daily news of the town" not in kept(board, furniture, number=2)


def test_a_headline_at_the_top_stays(board):
    body(board)
    board.line("Storm of 1987 recalled", x=50, y=50, size=30)

    assert "Storm of 1987 recalled" in kept(board)


def test_text_that_reaches_into_the_margin_stays(board):
    board.column(*["in 1984 words go here"] * 60, x=50, y=30)

    assert len(kept(board)) == 60


def test_a_page_of_one_line_is_no_running_head_without_a_number(board):
    board.line("Only this", x=50, y=40)

    assert kept(board) == ["Only this"]
