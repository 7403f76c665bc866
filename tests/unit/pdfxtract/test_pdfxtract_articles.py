import pytest

from asynctaskflow_pdfxtract.layout.articles import Piece, Reader
from asynctaskflow_pdfxtract.layout.roles import Roles, split_byline

TEXT = [
    "The harbour board has met.",
    "It was a long evening for all",
    "and nobody went home early.",
]


def read(board, number=1):
    return Reader().read(board.page(number))


def story(board, *, x=50, y=100, title="A storm is coming", text=TEXT):
    board.line(title, x=x, y=y, size=24)
    return board.column(*text, x=x, y=y + 26)


def test_a_headline_and_its_text_are_an_article(board):
    story(board)

    assert read(board) == [Piece(title="A storm is coming", body=" ".join(TEXT))]


def test_subtitle_byline_and_kicker_are_found(board):
    board.line("WEATHER", x=50, y=76, size=9, bold=True)
    board.line("A storm is coming", x=50, y=100, size=24)
    board.line("And this is what we know of it", x=50, y=120, size=13, italic=True)
    board.line("By Ann Other", x=50, y=134, bold=True)
    board.column(*TEXT, x=50, y=146)

    (piece,) = read(board)

    assert piece.kicker == "WEATHER"
    assert piece.subtitle == "And this is what we know of it"
    assert piece.author == "Ann Other"
    assert piece.body == " ".join(TEXT)


def test_a_subtitle_may_be_hardly_larger_than_the_text(board):
    board.line("A storm is coming", x=50, y=76, size=24)
    board.line("And this is what we know", x=50, y=94, size=11.5)
    board.column(*TEXT, x=50, y=116)

    assert read(board)[0].subtitle == "And this is what we know"


def test_a_headline_of_two_lines_is_one_title(board):
    board.column("A storm of two", "lines is here", x=50, y=80, size=24, leading=1.1)
    board.column(*TEXT, x=50, y=130)

    assert read(board)[0].title == "A storm of two lines is here"


def test_a_label_above_a_larger_headline_is_no_title(board):
    story(board, y=100)
    board.line("Sports", x=50, y=70, size=14)

    assert [piece.title for piece in read(board)] == ["A storm is coming"]


def test_paragraphs_are_parted_by_indents_and_short_last_lines(board):
    board.line("A storm is coming", x=50, y=76, size=24)
    board.column("The first line is quite long here", "it ends.", x=50, y=100)
    board.column(
        "Second after a short line is here", "which goes on for the whole width", x=50, y=124
    )
    board.line("Third is indented by a little so", x=62, y=148)
    board.line("here it ends now.", x=50, y=160)

    assert [part.split()[0] for part in read(board)[0].body.split("\n\n")] == [
        "The",
        "Second",
        "Third",
    ]


def test_a_word_and_a_sentence_go_on_in_the_next_column(board):
    board.line("A headline over two whole columns", x=50, y=76, size=20)
    board.column("The ferry did not leave the har-", x=50, y=100)
    board.column("bour before nine, said the captain", "and nobody", x=250, y=100)
    board.column("minded it very much at all today.", x=450, y=100)

    assert read(board)[0].body == (
        "The ferry did not leave the harbour before nine, said the captain and nobody"
        " minded it very much at all today."
    )


def test_a_byline_of_its_own_type_is_no_text(board):
    board.line("A storm is coming", x=50, y=76, size=24)
    board.line("By Ann Other", x=50, y=92, italic=True, size=9)
    board.column(*TEXT, x=50, y=116)

    (piece,) = read(board)

    assert (piece.author, piece.body) == ("Ann Other", " ".join(TEXT))


def test_captions_and_notes_stay_out_of_the_text(board):
    y = story(board)
    board.line("High water at the mill, seen from", x=50, y=y + 20, size=7)

    assert "High water" not in read(board)[0].body


def test_a_masthead_with_its_dateline_is_no_article(board):
    board.line("The Gazette", x=50, y=60, size=44)
    board.line("Founded in 1911 by the fishermen of the bay and others", x=50, y=90, size=9)
    story(board, y=160)

    assert [piece.title for piece in read(board)] == ["A storm is coming"]


def test_a_line_that_ends_in_a_hyphen_does_not_end_its_paragraph(board):
    board.line("A storm is coming", x=50, y=76, size=24)
    board.column("A line that fills the whole col-", x=50, y=100)
    board.line("umn, indented as it may be here.", x=62, y=112)

    (piece,) = read(board)

    assert piece.body == "A line that fills the whole column, indented as it may be here."


def test_text_at_the_top_of_a_page_is_an_article_without_title(board):
    board.column(*TEXT, x=50, y=100)

    assert read(board) == [Piece(body=" ".join(TEXT))]


def test_a_page_without_words_has_no_articles(board):
    assert read(board) == []


@pytest.mark.parametrize(
    ("text", "author"),
    [
        ("By Ann Other", "Ann Other"),
        ("di Anna Rossi", "Anna Rossi"),
        ("Von Max Weber", "Max Weber"),
        ("par Jean Petit", "Jean Petit"),
        ("By the time they came", ""),
        ("By noon, Ann.", ""),
        ("Ann Other", ""),
    ],
)
def test_a_byline_names_its_author(block, text, author):
    found, rest = split_byline(block(f"{text}/and so the article begins here", x=50, y=100))

    assert found == author
    assert rest
    assert len(rest.lines) == (1 if author else 2)


def test_a_byline_that_stands_alone_leaves_nothing(block):
    assert split_byline(block("by Ann Other", x=50, y=100)) == ("Ann Other", None)


def test_long_text_digits_and_sentences_are_no_headlines_or_kickers(block):
    roles = Roles(body_size=10)
    headline = block("A headline", x=50, y=130, size=20)

    assert roles.is_headline(headline)
    assert not roles.is_headline(block("1,234", x=50, y=100, size=20))
    assert not roles.is_headline(block("word " * 50, x=50, y=100, size=20))
    assert roles.is_headline(block("Bold and larger", x=50, y=100, size=11, bold=True))
    assert not roles.is_kicker(block("It ends.", x=50, y=110, bold=True), [headline])
    assert not roles.is_kicker(block("Two headlines", x=50, y=110, size=14, bold=True), [headline])
    assert not roles.is_kicker(block("FAR", x=400, y=110, bold=True), [headline])
    assert not roles.is_subtitle(block("By Ann Other", x=50, y=100, size=13))
    assert not roles.is_subtitle(block("word " * 80, x=50, y=100, size=13))
