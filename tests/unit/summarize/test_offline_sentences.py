import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow_openrouter.offline.sentences import Paragraph, split_paragraphs, split_sentences


@pytest.mark.parametrize(
    "sentences",
    [
        pytest.param(["Dr. Smith came at 5 p.m. sharp.", "He left."], id="titles and times"),
        pytest.param(["It cost 3.50 today.", "Cheap!", "Is it?", "Yes…"], id="decimals and marks"),
        pytest.param(['"Go home," he said.', '"Why?" she asked.', "Silence."], id="quotes"),
        pytest.param(["J. S. Bach wrote it.", "See p. 12 and No. 7.", "Done."], id="initials"),
        pytest.param(["He said no.", "Then he left."], id="no is also a word"),
        pytest.param(["Il sig. Rossi, ecc., è qui.", "L'ing. Bianchi no."], id="Italian"),
        pytest.param(["Am 3. Mai kam z.B. Dr. Weiß.", "Er ging am 4. Juni."], id="German ordinals"),
        pytest.param(["M. Dupont est là.", "« Bonjour ! » dit-il.", "Oui."], id="French"),
        pytest.param(["La Sra. López llegó.", "¿Quién es?", "¡Hola!"], id="Spanish"),
        pytest.param(["The end. of line is lower.", "Next."], id="lower case goes on"),
    ],
)
def test_sentences_are_told_apart_in_many_languages(sentences):
    assert split_sentences(" ".join(sentences)) == sentences


def test_chinese_sentences_need_no_space_between_them():
    assert split_sentences("今天很热。明天呢？不知道！") == ["今天很热。", "明天呢？", "不知道！"]


def test_paragraphs_lose_bullets_rules_and_line_breaks():
    text = (
        "# Title\r\n\r\nOne line\nand another.\n======\n\n- first\n- second **bold**\n\n\f3) third"
    )

    assert split_paragraphs(text) == [
        Paragraph("Title", listed=True),
        Paragraph("One line and another.", listed=False),
        Paragraph("first", listed=True),
        Paragraph("second bold", listed=True),
        Paragraph("third", listed=True),
    ]


def test_white_space_has_no_paragraphs():
    assert split_paragraphs(" \n\n \t") == []
    assert split_sentences("") == []


@given(st.text(alphabet="aB .!?…\"'”)。\t3é-", max_size=120))
def test_no_character_but_white_space_is_lost(text):
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        ".",
        "!",
        "?!…",
        "。",
        "e.g. ",
        "a",
        "!? ",
        '".',
        "\n",
        " \t",
        "- ",
        "**",
        "=",
        "A. ",
        "\n \n",
        "__a",
    ],
)
def test_hostile_repetition_stays_linear(text):
    hostile = (text * 100_000)[:100_000]

    start = time.perf_counter()
    for paragraph in split_paragraphs(hostile):
        split_sentences(paragraph.text)

    assert time.perf_counter() - start < 1.5
