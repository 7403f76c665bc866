"""The program that ``helm test`` runs, and the exit codes of all hooks."""

import httpx2
import pytest

from asynctaskflow_operator.kube.port import KubeRefused, KubeUnavailable
from asynctaskflow_operator.release import __main__ as program
from asynctaskflow_operator.release.smoke import SmokeFailed, smoke

DONE = {"task_id": "summarize-1", "state": "COMPLETED", "result": "Sand."}


class Api:
    """Answers in turn; remembers what was asked."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def ask(api, *, function="summarize", key="atf_admin_x", timeout_s=30.0) -> str:
    transport = httpx2.MockTransport(api)
    return smoke(
        "http://api", function, key=key, timeout_s=timeout_s, again_s=0, transport=transport
    )


def test_the_result_of_a_task_is_shown():
    assert ask(Api(httpx2.Response(200, json=DONE))) == "task summarize-1: COMPLETED Sand."


def test_a_release_that_starts_is_waited_for():
    api = Api(
        httpx2.ConnectError("refused"),
        httpx2.Response(503, text="starting"),
        httpx2.Response(404, text="no such function yet"),
        httpx2.Response(202, json={"task_id": "summarize-1", "state": "ACTIVE"}),
        httpx2.Response(200, json=DONE),
    )

    assert ask(api).startswith("task summarize-1: COMPLETED")


def test_all_tries_are_one_task():
    api = Api(httpx2.Response(503), httpx2.Response(503), httpx2.Response(200, json=DONE))

    ask(api)

    assert len({one.headers["Idempotency-Key"] for one in api.asked}) == 1


def test_a_refused_key_fails_at_once():
    api = Api(httpx2.Response(401, text="unknown key"))

    with pytest.raises(SmokeFailed, match="401 unknown key"):
        ask(api)
    assert len(api.asked) == 1


def test_a_task_that_fails_fails_the_test():
    failed = {"task_id": "summarize-1", "state": "DLQ", "error": "no model"}

    with pytest.raises(SmokeFailed, match="task summarize-1: DLQ no model"):
        ask(Api(httpx2.Response(200, json=failed)))


def test_what_was_seen_last_is_told_when_the_time_is_over():
    with pytest.raises(SmokeFailed, match="not within 0 s: 503 starting"):
        ask(Api(httpx2.Response(503, text="starting")), timeout_s=0)


def test_without_a_key_only_readiness_is_looked_at():
    api = Api(httpx2.Response(503), httpx2.Response(200))

    assert "ready" in ask(api, key="")
    assert {one.url.path for one in api.asked} == {"/ready"}
    assert "authorization" not in api.asked[0].headers


@pytest.mark.parametrize(
    ("error", "code"),
    [(KubeRefused("not allowed"), 2), (KubeUnavailable("away"), 1)],
)
def test_the_exit_code_says_whether_another_try_may_help(error, code, monkeypatch, capsys):
    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(program, "_with_kube", fail)

    assert program.main(["secret", "--release", "atf"]) == code
    assert str(error) in capsys.readouterr().err


def test_a_failed_smoke_test_is_a_failed_run(monkeypatch, capsys):
    def fail(*_: object, **__: object) -> str:
        raise SmokeFailed("nothing came")

    monkeypatch.setattr(program, "smoke", fail)

    assert program.main(["smoke", "--url", "http://api"]) == 1
    assert capsys.readouterr().err == "nothing came\n"
