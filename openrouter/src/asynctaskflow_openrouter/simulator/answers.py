"""Plausible answers without a model: the central sentences of a text, a page of articles for an image.

They are honest about it in the ``model`` field, and the same question gets the same answer. Pure.
"""

import re
from collections import Counter
from hashlib import sha256
from importlib.resources import files
from typing import Any

import orjson

MODEL = "simulator/extractive"
SENTENCES = 3
CHARS_PER_TOKEN = 4
ARTICLES_PER_PAGE = 2

_SENTENCE = re.compile(r"[^.!?。！？]+[.!?。！？]+[\"'”»)]*|[^.!?。！？]+$")
_WORD = re.compile(r"\w{4,}")
_PAGE = re.compile(r"\bpage(?: number)?\b\D{0,5}(\d{1,4})", re.IGNORECASE)


def answer_to(messages: list[dict[str, Any]]) -> str:
    """What the simulated model says to a conversation."""
    users = [message for message in messages if message.get("role") == "user"]
    parts = [part for message in users for part in _parts(message.get("content"))]
    text = "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    images = [part["image_url"] for part in parts if "image_url" in part]
    if images:
        return page_of_articles(orjson.dumps(images[-1]), page_number=_page_number(text))
    return central_sentences(text)


def central_sentences(text: str, count: int = SENTENCES) -> str:
    """The sentences whose words recur most, in their order: it stays in the text's language."""
    sentences = [found.strip() for found in _SENTENCE.findall(" ".join(text.split()))]
    sentences = [sentence for sentence in sentences if sentence]
    if len(sentences) <= count:
        return " ".join(sentences) or "There is no text."
    weights = Counter(word for sentence in sentences for word in set(_words(sentence)))
    ranked = sorted(range(len(sentences)), key=lambda at: (-_score(sentences[at], weights), at))
    return " ".join(sentences[at] for at in sorted(ranked[:count]))


def page_of_articles(seed: bytes, *, page_number: int) -> str:
    """JSON of one newspaper page; the picture decides which of our own articles are on it."""
    stock = orjson.loads((files(__package__) / "articles.json").read_bytes())
    start = int.from_bytes(sha256(seed).digest()[:4], "big")
    articles = [stock[(start + at) % len(stock)] for at in range(ARTICLES_PER_PAGE)]
    return orjson.dumps({"page_number": page_number, "articles": articles}).decode()


def chat_completion(
    text: str, *, prompt_chars: int, cost_usd: float, number: int
) -> dict[str, Any]:
    """The wire format of an answer."""
    prompt, completion = prompt_chars // CHARS_PER_TOKEN, len(text) // CHARS_PER_TOKEN + 1
    return {
        "id": f"gen-simulated-{number}",
        "object": "chat.completion",
        "model": MODEL,
        "provider": "Simulator",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "cost": cost_usd,
        },
    }


def _parts(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _page_number(text: str) -> int:
    found = _PAGE.search(text)
    return int(found[1]) if found else 1


def _words(sentence: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(sentence)]


def _score(sentence: str, weights: Counter[str]) -> float:
    words = set(_words(sentence))
    return sum(weights[word] for word in words) / (len(words) + 4)
