"""Counts the words of a text: a plain function, run in a thread."""

from collections import Counter

from pydantic import BaseModel

from asynctaskflow import SyncContext, function


class Text(BaseModel):
    text: str
    most_common: int = 3


@function(name="word-count", input=Text)
def word_count(task: Text, ctx: SyncContext) -> dict[str, int]:
    ctx.progress(0.5, "counting")
    words = task.text.lower().split()
    return dict(Counter(words).most_common(task.most_common))
