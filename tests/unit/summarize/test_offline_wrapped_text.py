"""Text as people paste it: hard-wrapped, numbered, quoting, in scripts with marks of their own."""

import time

import pytest

from asynctaskflow_openrouter.offline.sentences import split_paragraphs, split_sentences
from asynctaskflow_openrouter.offline.summary import summarize

MANUAL = """
    15.3. Improvements in the installer
    15.4. More architectures
    15.5. Which kernels will the next release support?

Chapter 1. Definitions

1.1. What is this document?

    The document answers the questions that people ask about the system. It
    does not quote large parts of other documents. You will find that some
    answers assume some knowledge of the shell. The answers for beginners
    are kept simple. The system itself is described in the manual of the
    release, which each installation brings along.
"""


@pytest.mark.parametrize(
    "sentences",
    [
        pytest.param(["It answers (at last!) All that was asked.", "Done."], id="in brackets"),
        pytest.param(["He left.", "(She stayed.)", "It rained."], id="brackets around a sentence"),
        pytest.param(["Siehe „Was ist das? Wer kann es?“ im Anhang.", "Gut."], id="German title"),
        pytest.param(
            ["Voir « Que faire ? Qui aide ? » pour la suite.", "Bien."], id="French title"
        ),
        pytest.param(["See “What is it? Who can?” there.", "Good."], id="English title"),
        pytest.param(["यह नदी है।", "वह पर्वत है।"], id="Hindi"),
        pytest.param(["هل هذا نهر؟", "نعم هذا نهر."], id="Arabic"),
    ],
)
def test_sentences_stay_whole_around_what_they_quote(sentences):
    assert split_sentences(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["彼は「行こう。もう遅い。」と言った。", "雨だった。"],
        ["よく聞かれる疑問（その回答も！）です。", "終わり。"],
        ["「静かだ。」", "夜だった。"],
    ],
)
def test_japanese_sentences_stay_whole_around_what_they_quote(sentences):
    assert split_sentences("".join(sentences)) == sentences


def test_a_quotation_that_never_ends_holds_up_no_sentence():
    text = "He said “no. " + "Then he left the room. " * 20

    assert len(split_sentences(text)) == 21


def test_wrapped_lines_without_spaces_are_joined_without_spaces():
    (paragraph,) = split_paragraphs("この文書は長い間\n    人々の生活を支えた\nDebian の話。")

    assert paragraph.text == "この文書は長い間人々の生活を支えた Debian の話。"


def test_indents_of_hard_spaces_are_no_part_of_the_text():
    (item, paragraph) = split_paragraphs("1.1.\u00a0Une\u00a0question\n\u00a0 \nLa suite.")

    assert (item.text, item.listed, paragraph.text) == ("Une question", True, "La suite.")


def test_section_numbers_are_no_part_of_the_text():
    texts = [paragraph.text for paragraph in split_paragraphs(MANUAL)]

    assert texts[:2] == ["Improvements in the installer", "More architectures"]
    assert "What is this document?" in texts


def test_a_summary_leads_with_the_text_and_not_with_its_table_of_contents():
    summary = summarize(MANUAL, sentences=2)

    assert summary.sentences[0].startswith("The document answers the questions")
    assert not any("kernels" in sentence for sentence in summary.sentences)


def test_a_summary_leaves_out_the_rest_of_a_sentence_that_began_elsewhere():
    text = "tion of the bridge was slow and the town waited for the bridge. " + " ".join(
        f"The bridge of the town has {count} arches over the river." for count in range(3, 9)
    )

    assert not summarize(text, length="short").text.startswith("tion")


def test_a_japanese_summary_takes_no_headings():
    text = "第一章 定義と概要\n\n" + "\n\n".join(
        f"川の水は{place}の町を通って海に流れる。" for place in "東西南北中"
    )

    assert "定義" not in summarize(text, sentences=5).text


@pytest.mark.parametrize(
    "text", ["「。", "(!) ", "“. „", "«? ", "。」", "」", "(" * 50 + ". ", "1.1.1"]
)
def test_hostile_quotation_stays_linear(text):
    hostile = (text * 100_000)[:100_000]

    start = time.process_time()
    for paragraph in split_paragraphs(hostile):
        split_sentences(paragraph.text)

    assert time.process_time() - start < 1.5
