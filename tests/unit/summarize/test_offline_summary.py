from pathlib import Path

import pytest

from asynctaskflow_openrouter.offline.summary import sentences_wanted, summarize

SAMPLE = Path(__file__).parents[3] / "examples" / "samples" / "article.txt"

FILLER = [
    f"The weather on day {day} was mild and the {word} market opened as it does each morning."
    for day, word in enumerate(["fish", "corn", "wool", "salt", "iron", "wine", "rice", "silk"])
]


@pytest.fixture(scope="module")
def article():
    return SAMPLE.read_text(encoding="utf-8")


def test_each_sentence_stands_in_the_text_and_in_its_order(article):
    flat = " ".join(article.split())

    places = [flat.index(sentence) for sentence in summarize(article, length="long").sentences]

    assert places == sorted(places)
    assert len(places) == 12


def test_the_sample_is_summarized_by_what_it_is_about(article):
    summary = summarize(article).text

    assert "heat" in summary
    assert "degrees" in summary
    assert "Valmora measures" not in summary  # its headline


def test_the_headline_is_no_sentence(article):
    assert summarize(article, sentences=50).sentences[0].startswith("When the thermometers")


@pytest.mark.parametrize("wanted", [1, 3, 7])
def test_an_exact_number_of_sentences_is_given(article, wanted):
    assert len(summarize(article, sentences=wanted).sentences) == wanted


@pytest.mark.parametrize(
    ("length", "total", "wanted"),
    [
        *[("short", 5, 2), ("short", 900, 2), ("medium", 4, 3), ("medium", 30, 4)],
        *[("medium", 900, 5), ("long", 4, 5), ("long", 25, 8), ("long", 900, 12)],
    ],
)
def test_lengths_grow_with_the_text_between_bounds(length, total, wanted):
    assert sentences_wanted(length, total=total) == wanted


def test_a_text_shorter_than_its_summary_is_given_back():
    text = "The bridge is closed. It opens again on the first of May."

    assert summarize(text, length="long").text == text


def test_the_same_is_not_said_twice():
    twice = "The harbour board will raise the fares of the island ferry in April."
    text = " ".join([twice, *FILLER[:4], twice, *FILLER[4:]])

    assert summarize(text, sentences=3).text.count("harbour board") == 1


def test_the_title_draws_attention_to_its_words():
    text = (
        "A baker sold all of his bread before nine. Two trains were late because of a cow."
        " The choir will sing on Friday in the park. A lighthouse keeper found an old map."
    )

    assert "lighthouse" not in summarize(text, sentences=2).text
    assert "lighthouse" in summarize(text, title="The lighthouse map", sentences=2).text


def test_lists_code_and_headings_give_way_to_prose():
    prose = "The tool reads a file and writes a report about what it finds there."
    more = "It was made for people who have to look at many files in a day."
    text = (
        f"Usage\n=====\n\n- run `tool --fast {{x}}` on it, as the manual of the tool says\n\n{prose} {more}\n\n"
        "x = tool(a, b)\n\nSee also: the other tools"
    )

    assert summarize(text, sentences=2).sentences == (prose, more)


def test_where_there_is_no_prose_what_there_is_is_taken():
    assert summarize("alpha\n\nbeta\n\ngamma", sentences=2).sentences == ("alpha", "beta")


def test_a_text_without_any_stop_is_cut_at_a_word():
    summary = summarize("word " * 5000).text

    assert len(summary) < 710
    assert summary.endswith("word …")


def test_chinese_is_summarized_without_spaces():
    text = (
        "城市今天公布了热图。热图显示老城最凉快。新区的热最严重。志愿者收集了热图数据。天气很好。"
    )

    summary = summarize(text, sentences=2)

    assert summary.language == "zh"
    assert " " not in summary.text
    assert summary.sentences_total == 5


def test_a_hundred_kilobytes_are_read_to_the_end(article):
    text = "\n\n".join(article.replace("heat", f"heat{part}") for part in range(22))
    assert len(text) > 100_000

    found = summarize(text)

    assert found.sentences_total > 800
