import pytest

from asynctaskflow_pdfxtract.layout.hyphens import Vocabulary, join_lines, join_texts


@pytest.fixture
def vocabulary():
    return Vocabulary()


def join(board, *lines, vocabulary, learn=()):
    vocabulary.learn([])
    board.column(*learn, x=50, y=100)
    vocabulary.learn(board.lines())
    board.words.clear()
    board.column(*lines, x=50, y=100)
    return join_lines(board.lines(), vocabulary)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["the har-", "bour"], "the harbour"),
        (["der Haupt-", "bahnhof"], "der Hauptbahnhof"),
        (["la pas-", "seggiata lun-", "ga"], "la passeggiata lunga"),
        (["an Anglo-", "Saxon"], "an Anglo-Saxon"),
        (["the NATO-", "UNO pact"], "the NATOUNO pact"),
        (["a self-", "made man"], "a self-made man"),
        (["in 1914-", "18 and"], "in 1914-18 and"),
        (["one line", "another"], "one line another"),
        (["soft\u00adhyphen", "goes"], "softhyphen goes"),
    ],
)
def test_hyphens_of_line_breaks_go_and_those_of_words_stay(board, vocabulary, lines, text):
    assert join(board, *lines, vocabulary=vocabulary) == text


def test_a_word_seen_with_a_hyphen_elsewhere_keeps_it(board, vocabulary):
    learn = ["this is a well-known thing", "and fog-horn is too"]

    assert join(board, "the fog-", "horn", vocabulary=vocabulary, learn=learn) == "the fog-horn"


def test_a_word_seen_in_one_piece_is_joined_whatever_it_begins_with(board, vocabulary):
    learn = ["it was a selfless act"]

    assert (
        join(board, "a self-", "less act", vocabulary=vocabulary, learn=learn) == "a selfless act"
    )


def test_halves_at_line_ends_are_not_learnt(board, vocabulary):
    board.column("first half-", "way there", x=50, y=100)

    vocabulary.learn(board.lines())

    assert not vocabulary.knows("half-")
    assert not vocabulary.knows("way")
    assert vocabulary.knows("there")


def test_nothing_before_and_dashes_alone_are_left_as_they_are(vocabulary):
    assert join_texts("", "start", hyphenated=True, vocabulary=vocabulary) == "start"
    assert join_texts("5-", "year", hyphenated=True, vocabulary=vocabulary) == "5-year"
