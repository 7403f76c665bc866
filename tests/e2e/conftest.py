"""The cluster of the session with the product in it, installed by Helm and by nothing else.

On the first provider found: the cluster of ``--k8s-kubeconfig``, kind where Docker answers, or a cluster that the
harness starts. Most tests share one release; those that install for themselves have a namespace of their own.
"""

import time
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx2
import pytest
import yaml
from pytest_kubernetes.providers.base import AClusterManager

from asynctaskflow.clock import SystemClock
from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.kubernetes.providers import (
    Choice,
    LocalManager,
    archives,
    choice_here,
    manager_of,
)
from asynctaskflow_testkit.waiting import until

HERE = Path(__file__).parent
NUMBERS = count(1)
E2E_TIMEOUT_S = 400
OK = 200


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep-cluster", action="store_true", help="leave the cluster as it is")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pods take their time: a test below this folder gets more than others, the first one builds and installs."""
    for item in items:
        if HERE in item.path.parents and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(E2E_TIMEOUT_S))
    items.sort(key=_is_about_absence)


def _is_about_absence(item: pytest.Item) -> bool:
    return "deserted" in getattr(item, "fixturenames", ())


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build programs and images before the first test's clock runs."""
    wanted = any(HERE in item.path.parents for item in session.items)
    if not wanted or session.config.option.collectonly or session.testsfailed:
        return
    kubeconfig = session.config.getoption("k8s_kubeconfig") or ""
    choice = _choice(kubeconfig)
    print(f"\ne2e: {choice.why}", flush=True)  # noqa: T201 - says where it runs, also without -v
    images = archives(choice)
    manager = manager_of(choice, kubeconfig=kubeconfig)
    try:
        manager.create()
    except RuntimeError as error:
        raise pytest.UsageError(f"no cluster: {error}") from error
    for tag, archive in images.items():
        manager.load_image(str(archive if choice.name == "local" else tag))
    session.stash[CLUSTER] = manager
    session.stash[CHOICE] = choice


def _choice(kubeconfig: str) -> Choice:
    """Where to run; one line if this machine has nowhere."""
    try:
        return choice_here(kubeconfig=kubeconfig)
    except RuntimeError as error:
        raise pytest.UsageError(str(error)) from error


CLUSTER = pytest.StashKey[AClusterManager]()
CHOICE = pytest.StashKey[Choice]()
PRODUCTS = pytest.StashKey[list[Product]]()
TOLD = pytest.StashKey[list[BaseException]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the cluster shows of every release when a test fails; a fixture that fails for a second test ends it all."""
    report = yield
    if not report.failed or HERE not in item.path.parents or call.excinfo is None:
        return report
    session, error = item.session, call.excinfo.value
    told = session.stash.setdefault(TOLD, [])
    if any(error is one for one in told):
        session.shouldstop = "what tests share did not come up"
    else:
        told.append(error)
        for product in session.stash.get(PRODUCTS, []):
            report.sections.append((f"release in {product.namespace}", product.account()))
    return report


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[AClusterManager]:
    """The running cluster."""
    manager = request.session.stash[CLUSTER]
    yield manager
    if not request.config.getoption("keep_cluster"):
        manager.delete()


@pytest.fixture(scope="session")
def new_product(
    cluster: AClusterManager, request: pytest.FixtureRequest
) -> Callable[[str], Product]:
    """A product in a new namespace; not installed yet."""
    made = request.session.stash.setdefault(PRODUCTS, [])
    direct = isinstance(cluster, LocalManager)
    assert cluster.kubeconfig is not None
    kubeconfig = cluster.kubeconfig

    def make(name: str) -> Product:
        made.append(Product(kubeconfig, f"e2e-{name}-{next(NUMBERS)}", direct=direct))
        return made[-1]

    return make


@pytest.fixture(scope="session")
def product(new_product: Callable[[str], Product]) -> Iterator[Product]:
    """The shared release, with the function ``probe`` and the service ``flaky`` beside the shipped ones."""
    made = new_product("shared")
    made.install({"ingress": {"enabled": True, "hosts": [{"host": "atf.example", "path": "/"}]}})
    made.apply(*(yaml.safe_load_all((HERE / "probe.yaml").read_text())))
    made.kubectl("rollout", "status", "deployment/flaky", "--timeout=60s")
    until(lambda: made.condition("function", "probe", "Ready") == "True", 30, what="probe is ready")
    yield made
    made.close()


@pytest.fixture(scope="session", autouse=True)
def absence(request: pytest.FixtureRequest) -> None:
    """It is long, so it begins before all tests, if one of them is about it."""
    if any(map(_is_about_absence, request.session.items)):
        request.getfixturevalue("deserted")


@pytest.fixture(scope="session")
def deserted(
    product: Product, new_product: Callable[[str], Product]
) -> Iterator[tuple[Product, float]]:
    """A release whose operator has gone, and since when (monotonic).

    It left behind the Tasks ``running``, for 20 s, and ``later``, due in an hour.
    """
    made = new_product("deserted")
    made.install()
    flaky, probe, *_ = yaml.safe_load_all((HERE / "probe.yaml").read_text())
    made.apply(flaky, probe)
    made.apply_task("running", input={"seconds": 20})
    made.apply_task("later", startAfter=an_hour_from_now())
    until(lambda: made.status("task", "running").get("state") == "ACTIVE", 180, what="it runs")
    until(lambda: made.status("task", "later").get("state") == "SCHEDULED", 30, what="it waits")
    made.stop_operator()
    yield made, time.monotonic()
    made.close()


def an_hour_from_now() -> str:
    """As a Task's ``startAfter``."""
    at = datetime.fromtimestamp(SystemClock().wall_ms() / 1000, UTC) + timedelta(hours=1)
    return at.isoformat()


@pytest.fixture
def calm(product: Product) -> Product:
    """The shared release, reachable, with nothing waiting or running in ``probe`` and no worker of it.

    After an outage of the API server nodes count as lost for a moment, and Services have no endpoints meanwhile.
    """
    until(lambda: is_ready(product), 120, what="the API is ready")
    until(lambda: not unfinished(product), 120, what="probe has nothing to do")
    until(lambda: product.replicas("probe") == 0, 90, what="probe has no workers")
    return product


def is_ready(product: Product) -> bool:
    """Whether the API answers through its Service, and Redis answers it."""
    try:
        return product.http.get("/ready").status_code == OK
    except httpx2.TransportError:
        return False


def unfinished(product: Product) -> int:
    """Tasks of probe that wait, are scheduled or run, as Redis has them."""
    keys = (
        "tasks:pending:primary:{probe}",
        "tasks:pending:retry:{probe}",
        "tasks:scheduled:{probe}",
        "tasks:active:{probe}",
    )
    return int(product.redis("EXISTS", *keys))
