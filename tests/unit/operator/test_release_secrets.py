"""The Secrets of a release are made once, and fit those who read them."""

from urllib.parse import urlsplit

import pytest

from asynctaskflow_api.access import KEY, ApiKey, KeyRing, Principal, Role, new_key
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.release.credentials import (
    ADMIN_KEY_ID,
    SecretNames,
    api_key_data,
    ensure_secrets,
    redis_data,
)
from asynctaskflow_testkit.fake_kube import FakeKube

NAMES = SecretNames("atf", "atf-redis", "atf-redis", "atf-api-key")


async def ensure(kube, names=NAMES) -> list[str]:
    said: list[str] = []
    await ensure_secrets(kube, names, said.append)
    return said


async def test_the_made_key_lets_its_holder_do_everything():
    data = api_key_data()

    caller = await KeyRing([ApiKey.parse(data["keys"])]).principal(data["key"])

    assert caller == Principal("key:admin", Role.ADMIN)


def test_the_made_key_looks_as_one_of_the_api():
    """The operator may not import the API, so the form is written twice."""
    ours, (key, setting) = api_key_data(), new_key(ADMIN_KEY_ID, Role.ADMIN)

    assert KEY.fullmatch(ours["key"])
    assert len(ours["key"]) == len(key)
    assert ours["keys"].rpartition(":")[0] == setting.rpartition(":")[0]


def test_no_two_secrets_are_alike():
    assert len({api_key_data()["key"] for _ in range(20)}) == 20
    assert len({redis_data("h")["password"] for _ in range(20)}) == 20


def test_the_url_holds_the_password_and_needs_no_quotes():
    data = redis_data("atf-redis")
    parts = urlsplit(data["url"])

    assert (parts.scheme, parts.hostname, parts.port) == ("redis", "atf-redis", 6379)
    assert parts.password == data["password"]
    assert data["password"].replace("-", "").replace("_", "").isalnum()


async def test_missing_secrets_are_made():
    kube = FakeKube()

    await ensure(kube)

    found = await kube.list(Kind.SECRET)
    assert {one["metadata"]["name"]: set(one["stringData"]) for one in found} == {
        "atf-api-key": {"key", "keys"},
        "atf-redis": {"password", "url"},
    }


async def test_a_second_run_changes_nothing():
    kube = FakeKube()
    await ensure(kube)
    before = await kube.list(Kind.SECRET)

    said = await ensure(kube)

    assert await kube.list(Kind.SECRET) == before
    assert all(line.endswith("is there, left as it is") for line in said)


@pytest.mark.parametrize("names", [SecretNames("atf"), SecretNames("atf", redis_host="h")])
async def test_nothing_is_made_where_all_is_given(names):
    kube = FakeKube()

    assert await ensure(kube, names) == []
    assert await kube.list(Kind.SECRET) == []


async def test_no_value_is_said():
    kube = FakeKube()

    said = " ".join(await ensure(kube))

    values = [v for one in await kube.list(Kind.SECRET) for v in one["stringData"].values()]
    assert not [value for value in values if value in said]
