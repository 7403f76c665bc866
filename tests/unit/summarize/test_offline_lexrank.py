import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow_openrouter.offline.lexrank import cosine, rank, weigh


def test_the_sentence_that_shares_most_with_the_others_is_the_most_central():
    sentences = [["sea", "fish"], ["sea", "wind", "fish", "boat"], ["boat", "wind"], ["cake"]]

    scores = rank(weigh(sentences), [1.0] * 4)

    assert max(range(4), key=scores.__getitem__) == 1
    assert min(range(4), key=scores.__getitem__) == 3


def test_the_prior_decides_between_equals():
    vectors = weigh([["a"], ["b"], ["c"]])

    assert rank(vectors, [1.0, 3.0, 1.0]) == pytest.approx([0.2, 0.6, 0.2])


def test_equal_sentences_have_similarity_one_and_foreign_ones_none():
    first, second, third = weigh([["a", "b"], ["a", "b"], ["c"]])

    assert cosine(first, second) == pytest.approx(1)
    assert cosine(first, third) == 0


def test_a_sentence_without_terms_has_an_empty_vector():
    assert weigh([[], ["a"]])[0] == {}


def test_terms_that_stand_everywhere_are_left_out_of_long_texts():
    vectors = weigh([["the", str(index)] for index in range(60)])

    assert all("the" not in vector for vector in vectors)


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), min_size=1, max_size=25))
def test_scores_are_positive_and_add_up_to_one(sentences):
    scores = rank(weigh(sentences), [1.0 + index for index in range(len(sentences))])

    assert sum(scores) == pytest.approx(1)
    assert min(scores) > 0
