"""The simulator's own decisions: windows, chance, answers, requests."""

import asyncio

import orjson
import pytest

from asynctaskflow_openrouter.simulator import __main__ as simulator_program
from asynctaskflow_openrouter.simulator.answers import answer_to, central_sentences
from asynctaskflow_openrouter.simulator.quota import Window
from asynctaskflow_openrouter.simulator.script import Behaviour, Kind, Script, Step
from asynctaskflow_openrouter.simulator.wire import BadRequest, read_request
from asynctaskflow_testkit.bounds import busiest_window


def test_a_window_admits_its_limit_and_says_when_the_next_one_may_come():
    window = Window()

    waits = [window.admit(at, limit=2, window_s=10) for at in (0, 1, 2, 9.9, 10)]

    assert waits == [0, 0, 8, pytest.approx(0.1), 0]


def test_no_limit_admits_all():
    window = Window()

    assert all(window.admit(0, limit=0, window_s=10) == 0 for _ in range(1000))


@pytest.mark.parametrize(
    ("arrivals", "most"), [([], 0), ([1], 1), ([0, 5, 9.9, 10], 3), ([3, 1, 2], 3)]
)
def test_the_busiest_window_is_found_wherever_it_starts(arrivals, most):
    assert busiest_window(arrivals, window_s=10) == most


def test_a_step_serves_as_many_requests_as_it_says():
    script = Script(Behaviour())
    script.add(Step(kind=Kind.RESET, times=2), Step(kind=Kind.HTML))

    assert [script.next().kind for _ in range(4)] == ["reset", "reset", "html", "answer"]


def test_the_central_sentences_keep_their_order_and_words():
    text = "Cats sleep. Dogs run after cats in gardens. It rains. Gardens need dogs and cats. No."

    assert (
        central_sentences(text, 2) == "Dogs run after cats in gardens. Gardens need dogs and cats."
    )


@pytest.mark.parametrize("text", ["", " ", "...", "\n"])
def test_nothing_to_say_is_said(text):
    assert answer_to([{"role": "user", "content": text}]).strip()


def test_instructions_are_not_summarized():
    messages = [
        {"role": "system", "content": "Obey. Obey. Obey. Obey."},
        {"role": "user", "content": "Hello."},
    ]

    assert answer_to(messages) == "Hello."


def test_two_pictures_give_two_pages_and_the_same_one_the_same():
    def page(data):
        part = {"type": "image_url", "image_url": {"url": data}}
        return orjson.loads(answer_to([{"role": "user", "content": [part]}]))

    assert page("a") == page("a")
    assert len({orjson.dumps(page(str(number))) for number in range(20)}) == 5


@pytest.mark.parametrize(
    "raw",
    [
        b"GET\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHo",
        b"A" * 100_000,
    ],
    ids=lambda raw: raw[:30].decode(),
)
async def test_a_request_that_is_none_is_refused(raw):
    reader = asyncio.StreamReader()
    reader.feed_data(raw)
    reader.feed_eof()

    with pytest.raises(BadRequest):
        await read_request(reader)


async def test_a_closed_connection_is_no_request():
    reader = asyncio.StreamReader()
    reader.feed_eof()

    assert await read_request(reader) is None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{"faults": [{"rate": 0.1, "status": 503}]}', "faults.0.step: Field required"),
        ("{", "file: Invalid JSON"),
        (None, "No such file"),
    ],
)
def test_a_wrong_behaviour_file_is_refused_by_its_field(
    tmp_path, monkeypatch, capsys, content, complaint
):
    path = tmp_path / "behaviour.json"
    if content is not None:
        path.write_text(content)
    monkeypatch.setattr("sys.argv", ["simulator", "--behaviour", str(path)])

    with pytest.raises(SystemExit) as ended:
        simulator_program.main()

    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err
