import random

from asynctaskflow_pdfxtract.layout.lines import build_lines


def test_words_on_one_baseline_make_a_line(board):
    board.line("The ferry is late", x=50, y=100)

    assert board.texts() == ["The ferry is late"]


def test_two_columns_side_by_side_are_two_lines(board):
    board.line("left column", x=50, y=100)
    board.line("right column", x=200, y=100)

    assert board.texts() == ["left column", "right column"]


def test_a_page_drawn_row_by_row_over_all_columns_is_cut_at_the_gutter(board):
    for row in range(5):
        end = board.line("some words of the left", x=50, y=100 + 12 * row)
        board.line("words of the right side", x=end + 12, y=100 + 12 * row)

    assert board.texts()[:2] == ["some words of the left", "words of the right side"]
    assert len(board.texts()) == 10


def test_the_order_of_drawing_does_not_matter(board):
    board.column("one two three", "four five six", x=50, y=100)
    board.column("seven eight", "nine ten", x=250, y=100)
    expected = board.texts()

    words = list(board.words)
    random.Random(7).shuffle(words)

    assert [line.text for line in build_lines(words)] == expected


def test_a_note_sign_stays_with_its_word_and_the_line_goes_on_after_it(board):
    end = board.line("the theory", x=50, y=100)
    after = board.line("1", x=end, y=96, size=6)
    board.line("of ships", x=after + 3, y=100)

    assert board.texts() == ["the theory 1 of ships"]


def test_a_line_stretched_to_the_column_stays_one_line(board):
    board.column(
        "words that fill the whole width of", "this column of the newspaper page", x=50, y=76
    )
    board.line("steps of the", x=50, y=100, gap=4.5)
    board.column("which go on and on as columns do", "until they have come to an end", x=50, y=112)

    assert "steps of the" in board.texts()


def test_the_first_rows_of_two_columns_are_not_joined_by_the_text_above_them(board):
    board.column(
        "an introduction that runs over the full width of the page",
        "as introductions often do before the columns begin",
        x=50,
        y=76,
    )
    for row in range(5):
        board.line("left words here", x=50, y=106 + 12 * row)
        board.line("right words here", x=190, y=106 + 12 * row)

    assert board.texts()[2:4] == ["left words here", "right words here"]


def test_a_headline_and_the_text_beside_it_are_not_joined(board):
    board.line("Big", x=50, y=100, size=30)
    board.line("small", x=98, y=100, size=10)

    assert board.texts() == ["Big", "small"]


def test_no_words_make_no_lines(board):
    assert board.texts() == []
