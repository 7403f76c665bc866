"""LexRank: the sentences most like all the others are the ones a text is about.

After Erkan and Radev, "LexRank: Graph-based Lexical Centrality as Salience in Text Summarization"
(JAIR 22, 2004): tf-idf vectors, cosine similarity as edge weights, PageRank over the graph. The
similarities are kept sparse through an inverted index, so the cost follows what sentences share,
not the square of their number. Pure.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

DAMPING = 0.85
MIN_SIMILARITY = 0.06
MAX_ROUNDS = 60
TOLERANCE = 1e-5
# A term in more than this share of many sentences says nothing and costs the most.
COMMON_SHARE = 0.2
COMMON_FROM_SENTENCES = 50

Vector = Mapping[str, float]


def weigh(sentences: Sequence[Sequence[str]]) -> list[dict[str, float]]:
    """Return one tf-idf vector of length 1 for the terms of each sentence; empty without terms."""
    total = len(sentences)
    document_counts = Counter(term for terms in sentences for term in set(terms))
    ceiling = max(COMMON_SHARE * total, 2) if total >= COMMON_FROM_SENTENCES else total
    idf = {
        term: math.log((1 + total) / (0.5 + count))
        for term, count in document_counts.items()
        if count <= ceiling
    }
    return [_unit_vector(Counter(terms), idf) for terms in sentences]


def _unit_vector(counts: Mapping[str, int], idf: Mapping[str, float]) -> dict[str, float]:
    vector = {term: count * idf[term] for term, count in counts.items() if term in idf}
    norm = math.sqrt(sum(weight * weight for weight in vector.values()))
    return {term: weight / norm for term, weight in vector.items()} if norm else {}


def cosine(one: Vector, other: Vector) -> float:
    """Return the similarity of two unit vectors, 0 to 1."""
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    return sum(weight * large.get(term, 0.0) for term, weight in small.items())


def rank(vectors: Sequence[Vector], prior: Sequence[float]) -> list[float]:
    """Return the centrality of each sentence; the scores add up to 1.

    Args:
        vectors: unit vectors of ``weigh``.
        prior: what speaks for each sentence before looking at the others, e.g. its position; > 0.
    """
    total = sum(prior)
    jump = [value / total for value in prior]
    edges = _edges(vectors)
    out_weights = [sum(weights.values()) for weights in edges]
    scores = jump
    for _ in range(MAX_ROUNDS):
        following = _step(scores, jump=jump, edges=edges, out_weights=out_weights)
        moved = sum(abs(new - old) for new, old in zip(following, scores, strict=True))
        scores = following
        if moved < TOLERANCE:
            break
    return scores


def _edges(vectors: Sequence[Vector]) -> list[dict[int, float]]:
    postings: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    edges: list[dict[int, float]] = [{} for _ in vectors]
    for index, vector in enumerate(vectors):
        similarities: defaultdict[int, float] = defaultdict(float)
        for term, weight in vector.items():
            for other, other_weight in postings[term]:
                similarities[other] += weight * other_weight
            postings[term].append((index, weight))
        for other, similarity in similarities.items():
            if similarity >= MIN_SIMILARITY:
                edges[index][other] = edges[other][index] = similarity
    return edges


def _step(
    scores: Sequence[float],
    *,
    jump: Sequence[float],
    edges: Sequence[Mapping[int, float]],
    out_weights: Sequence[float],
) -> list[float]:
    # What isolated sentences hold is handed out by the prior, so that the sum stays 1.
    stranded = sum(
        score for score, weight in zip(scores, out_weights, strict=True) if weight == 0.0
    )
    following = [(1 - DAMPING + DAMPING * stranded) * value for value in jump]
    for index, neighbours in enumerate(edges):
        if neighbours:
            share = DAMPING * scores[index] / out_weights[index]
            for other, weight in neighbours.items():
                following[other] += share * weight
    return following
