from asynctaskflow_openrouter.offline.keywords import Article, topics

FERRY = Article(
    "Ferry fares frozen",
    "The ferry board met. Fares for the ferry stay. Ferry captains met Agnes Rowe. Later Agnes Rowe spoke."
    " The town of Marlow waits.",
)
BREAD = Article(
    "Bread of tomorrow",
    "A baker sells bread. The bread is cheap. The town of Marlow waits. Three loaves of bread remain.",
)


def test_topics_are_frequent_here_and_rare_elsewhere():
    ferry, bread = topics([FERRY, BREAD], language="en")

    assert ferry[0] == "ferry"
    assert bread[0] == "bread"
    assert "Marlow" not in (ferry[0], bread[0])


def test_a_name_of_two_words_is_one_topic():
    ferry, _ = topics([FERRY, BREAD], language="en")

    assert "Agnes Rowe" in ferry
    assert "Rowe" not in ferry


def test_a_capital_at_the_start_of_a_sentence_makes_no_name():
    article = Article("", "Storms came. Then the storms went. Storms do that.")

    assert topics([article], language="en")[0][0] == "storms"


def test_stopwords_short_words_and_numbers_are_no_topics():
    article = Article("", "This was 1984 and they would have been in it for 2026 years of tea.")

    assert topics([article], language="en") == [("years",)]


def test_the_number_of_topics_is_bounded():
    article = Article("", " ".join(f"Subject{letter}" for letter in "abcdefghijkl"))

    assert len(topics([article], language="und", most=3)[0]) == 1  # folded they are all the same
    assert len(topics([FERRY, BREAD], language="en", most=3)[0]) == 3


def test_german_nouns_are_not_taken_for_names():
    article = Article(
        "", "Der Hafen wächst. Neuer Hafen, alter Streit. Wir sehen Anna. Er sieht wachsen."
    )

    assert topics([article], language="de")[0][0] == "Hafen"


def test_no_articles_have_no_topics():
    assert topics([], language="en") == []
    assert topics([Article("", "")], language="en") == [()]
