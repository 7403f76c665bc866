"""What the hook that makes Secrets does with its rights, and what its program prints and returns."""

import pytest

from asynctaskflow_operator.kube.client import KubeClient
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import KubeRefused
from asynctaskflow_operator.release.__main__ import DONE, FAILED, REFUSED, main
from asynctaskflow_operator.release.credentials import SecretNames, ensure_secrets
from asynctaskflow_testkit.fake_kube import FakeKube

NAMES = SecretNames("atf", redis="atf-redis", redis_host="atf-redis", api_key="atf-api-key")
ARGUMENTS = ["secret", "--release=atf", "--redis-secret=r", "--redis-host=h", "--api-key-secret=k"]


class Closable(FakeKube):
    """As the hook's program opens it."""

    refuses = False
    closed = False

    async def create(self, manifest):
        if self.refuses:
            raise KubeRefused("secrets is forbidden")
        return await super().create(manifest)

    async def close(self):
        self.closed = True


@pytest.fixture
def kube(monkeypatch):
    """What the program reaches instead of an API server."""
    fake = Closable()
    monkeypatch.setattr(KubeClient, "open", lambda **_: fake)
    return fake


async def test_a_secret_of_somebody_else_is_left_as_it_is():
    kube = FakeKube()
    theirs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "atf-redis"}, "data": {}}
    await kube.create(theirs)

    await ensure_secrets(kube, NAMES, lambda _: None)

    assert (await kube.get(Kind.SECRET, "atf-redis"))["data"] == {}
    assert "stringData" in await kube.get(Kind.SECRET, "atf-api-key")


async def test_secrets_are_created_only_never_read_listed_or_changed():
    """The hook's account has no other right."""
    kube = FakeKube()
    for _ in range(2):
        await ensure_secrets(kube, NAMES, lambda _: None)

    assert set(kube.writes) == {("create", Kind.SECRET)}
    assert not kube.reads


def test_the_program_prints_names_and_no_values(kube, capsys):
    code = main(ARGUMENTS)
    printed = capsys.readouterr()

    assert code == DONE
    assert printed.out.splitlines() == ["Secret r: made", "Secret k: made"]
    assert printed.err == ""
    assert kube.closed


def test_an_api_server_that_is_away_is_worth_another_try(kube, capsys):
    kube.away = True

    assert main(ARGUMENTS) == FAILED
    assert "away" in capsys.readouterr().err
    assert kube.closed


def test_a_refusal_is_told_apart_from_an_outage(kube, capsys):
    kube.refuses = True

    assert main(ARGUMENTS) == REFUSED
    assert capsys.readouterr().err == "secrets is forbidden\n"
