"""A refused sender can read its refusal: the rest of its body is taken off the socket first."""

from starlette.types import Message, Receive, Scope, Send

from asynctaskflow_api import linger
from asynctaskflow_api.linger import Linger

PART = b"x" * 1000


def answering(status: int, *, reads: int):
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(reads):
            await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    return app


async def run(app, *, length: int, parts: int) -> tuple[list[Message], int]:
    """What was sent, and how many parts of the body were taken."""
    sent: list[Message] = []
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": PART, "more_body": taken < parts}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-length", str(length).encode())]
    await Linger(app)({"type": "http", "headers": headers}, receive, send)
    return sent, taken


async def test_the_rest_of_a_refused_body_is_read_before_the_end_of_the_answer():
    sent, taken = await run(answering(413, reads=1), length=10**6, parts=7)

    assert taken == 7
    assert (b"connection", b"close") in sent[0]["headers"]
    assert [message.get("body") for message in sent[1:]] == [b"no", b""]
    assert [bool(message.get("more_body")) for message in sent[1:]] == [True, False]


async def test_reading_stops_at_its_bound(monkeypatch):
    monkeypatch.setattr(linger, "LINGER_BYTES", 3 * len(PART))
    _, taken = await run(answering(413, reads=0), length=10**6, parts=100)

    assert taken == 3


async def test_an_accepted_answer_is_left_alone():
    sent, taken = await run(answering(202, reads=1), length=10**6, parts=7)

    assert taken == 1
    assert len(sent) == 2


async def test_a_refusal_after_the_whole_body_is_left_alone():
    sent, taken = await run(answering(422, reads=2), length=10**6, parts=2)

    assert taken == 2
    assert sent[0]["headers"] == []


async def test_a_short_body_is_not_waited_for():
    _, taken = await run(answering(413, reads=0), length=100, parts=7)

    assert taken == 0
