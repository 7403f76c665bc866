"""One API server for the session, with the chart's kinds; every test has a new namespace in it."""

import inspect
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from asynctaskflow_testkit.kube_accounts import KubeAccounts
from asynctaskflow_testkit.kube_api import KubeApi, start_kube_api
from asynctaskflow_testkit.kubernetes.binaries import build
from asynctaskflow_testkit.machine import CONTROL_PLANE
from asynctaskflow_testkit.sockets import sweep

Create = Callable[[dict[str, Any]], httpx2.Response]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what is missing before the first test: a test's time is limited, and this takes minutes."""
    wanted = any("kube_api" in getattr(item, "fixturenames", ()) for item in session.items)
    if wanted and not session.config.option.collectonly:
        build(CONTROL_PLANE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Operators and their clients are cancelled here while they connect: sweep when the test's loop is closed."""
    yield
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function):
        sweep()


@pytest.fixture(scope="session")
def kube_api() -> Iterator[KubeApi]:
    """A running API server with an audit log; a test that stops it must start it again."""
    with start_kube_api(audited=True) as server:
        server.apply_crds()
        yield server


@pytest.fixture
def namespace(kube_api: KubeApi) -> str:
    """The name of a new, empty namespace."""
    return kube_api.namespace()


@pytest.fixture
def create(kube_api: KubeApi, namespace: str) -> Create:
    """Creates a resource of ours in the test's namespace."""
    return lambda manifest: kube_api.create(manifest, namespace)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the API finds its account."""
    made = tmp_path / "account"
    made.mkdir()
    return made


@pytest.fixture
def accounts(kube_api: KubeApi, namespace: str, folder: Path) -> KubeAccounts:
    """Those of the test's namespace; the API's own has the rights that the chart gives it."""
    found = KubeAccounts(kube_api, namespace)
    found.install_api(folder)
    return found
