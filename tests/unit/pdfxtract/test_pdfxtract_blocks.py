from asynctaskflow_pdfxtract.layout.blocks import build_blocks


def texts(board):
    return sorted(block.text for block in build_blocks(board.lines()))


def test_lines_of_one_style_under_each_other_make_a_block(board):
    board.column("one two three", "four five", x=50, y=100)

    assert texts(board) == ["one two three four five"]


def test_a_block_ends_where_the_type_changes(board):
    board.column("A headline", x=50, y=100, size=20)
    board.column("Text under", "the headline", x=50, y=120)

    assert texts(board) == ["A headline", "Text under the headline"]


def test_a_block_ends_at_a_gap(board):
    board.column("one", "two", x=50, y=100)
    board.column("three", "four", x=50, y=150)

    assert texts(board) == ["one two", "three four"]


def test_columns_are_blocks_of_their_own(board):
    board.column("a b c", "d e f", x=50, y=100)
    board.column("g h i", "j k l", x=200, y=100)

    assert texts(board) == ["a b c d e f", "g h i j k l"]


def test_bold_type_starts_a_block(board):
    board.column("A crosshead", x=50, y=100, bold=True)
    board.column("Text follows", x=50, y=112)

    assert texts(board) == ["A crosshead", "Text follows"]


def test_a_heading_on_the_line_does_not_part_it_from_what_follows(board):
    end = board.line("1.2 Header files.", x=50, y=100, size=8, bold=True)
    board.line("If you", x=end + 3, y=100, size=10)
    board.column("share some code", "of your own", x=50, y=112)

    assert len(texts(board)) == 1


def test_a_drop_cap_is_put_before_its_word(board):
    board.line("T", x=50, y=124, size=40)
    board.column("he sluices were", "opened on Monday", "by the mayor", x=75, y=100)
    board.column("and all were glad", x=50, y=136)

    assert texts(board) == ["The sluices were opened on Monday by the mayor and all were glad"]


def test_a_lone_capital_without_text_beside_it_stays(board):
    board.line("A", x=50, y=100, size=30)
    board.column("far below it", x=50, y=300)

    assert texts(board) == ["A", "far below it"]
