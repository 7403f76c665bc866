"""Every action for k9s does what it says: its command, filled in as k9s does it, against a real API server."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from asynctaskflow_testkit.hostile import manifest_of
from asynctaskflow_testkit.kube_api import MERGE_PATCH
from asynctaskflow_testkit.kubernetes.binaries import build

pytestmark = pytest.mark.needs("kubernetes")

FOLDER = Path(__file__).resolve().parents[3] / "k9s" / "plugins"
PLUGINS = {
    name: plugin
    for path in sorted(FOLDER.glob("*.yaml"))
    for name, plugin in yaml.safe_load(path.read_text(encoding="utf-8"))["plugins"].items()
}
KINDS = {"afn": "Function", "atk": "Task", "adep": "Dependency"}
TIMEOUT_S = 60
TIME = "2026-01-02T03:04:05Z"
DECISION = {"time": TIME, "from": 2, "to": 5, "reason": "demand 9 needs 5", "limitedBy": "MaxStep"}
STATUS = {
    "Function": {
        "replicas": 3,
        "readyReplicas": 2,
        "scaling": {
            "last": {
                **DECISION,
                "acts": True,
                "inputs": {"demand": 9, "mode": "Active"},
                "candidates": [{"signal": "Demand", "replicas": 9}],
            },
            "history": [{**DECISION, "from": 0, "to": 2, "reason": "woken"}],
        },
    },
    "Task": {
        "state": "DLQ",
        "reason": "timeout",
        "failures": 4,
        "error": {"class": "timeout", "message": "took too long"},
        "conditions": [
            {
                "type": "Succeeded",
                "status": "False",
                "reason": "Timeout",
                "message": "4 of 4 attempts failed",
                "lastTransitionTime": TIME,
            }
        ],
    },
}
# Action -> (values typed in, what it changes in the spec, what that is afterwards).
CHANGES = {
    "atf-task-cancel": ({}, "desiredState", "Cancelled"),
    "atf-task-redrive": ({}, "redrives", 1),
    "atf-function-pause": ({}, "paused", True),
    "atf-function-resume": ({}, "paused", False),
    "atf-function-hold": ({}, "replicas", 3),
    "atf-function-release": ({}, "replicas", None),
    "atf-function-force": ({"REPLICAS": "7"}, "replicas", 7),
    "atf-function-bounds": ({"MIN": "2", "MAX": "20"}, "scaling.maxReplicas", 20),
    "atf-dependency-open": ({}, "override", "ForceOpen"),
    "atf-dependency-close": ({}, "override", "ForceClosed"),
    "atf-dependency-auto": ({}, "override", "Auto"),
    "atf-dependency-limit": ({"REQUESTS": "5", "SECONDS": "60"}, "rateLimit.intervalSeconds", 60),
}
SHOWS = {
    "atf-task-why": [
        "good: DLQ timeout",
        "error     timeout: took too long",
        "4 of 4 attempts failed",
    ],
    "atf-function-why": [
        "good: 2 -> 5 workers, limited by MaxStep\ndemand 9 needs 5\n",
        "  9\tDemand",
        '"demand":9',
        "0 -> 2  MaxStep  woken",
    ],
    "atf-function-logs": ["No resources found", "Enter leads back"],
}
# Where an action would change nothing: the state before it.
BEFORE = {
    "atf-function-resume": {"paused": True},
    "atf-function-release": {"replicas": 4},
    "atf-dependency-auto": {"override": "ForceOpen"},
}


@pytest.fixture(scope="session")
def path_with_kubectl(tmp_path_factory):
    """Kubectl as built, and a pager that needs no terminal, in front of what the machine has."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "kubectl").symlink_to(build(["kubectl"])["kubectl"])
    pager = folder / "less"
    pager.write_text("#!/bin/sh\nexec cat\n")
    pager.chmod(0o755)
    return f"{folder}{os.pathsep}{os.defpath}"


@pytest.fixture
def press(kube_api, namespace, path_with_kubectl):
    """Runs an action on the resource ``good``, as k9s would."""

    def run(name, typed=None, *, on="good"):
        plugin = PLUGINS[name]
        values = {"NAME": on, "NAMESPACE": namespace, "CONTEXT": "kit"}
        values |= {f"INPUT_{key}": value for key, value in (typed or {}).items()}
        return subprocess.run(
            [plugin["command"], *(filled_in(arg, values) for arg in plugin["args"])],
            env={"PATH": path_with_kubectl, "KUBECONFIG": str(kube_api.kubeconfig)},
            cwd=kube_api.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    return run


@pytest.fixture
def existing(kube_api, namespace, create):
    """Creates ``good`` for an action, with the status that it looks at."""

    def make(name):
        kind = KINDS[PLUGINS[name]["scopes"][0]]
        create(manifest_of(kind, BEFORE.get(name))).raise_for_status()
        if kind in STATUS:
            path = kube_api.path(kind, namespace, "good", part="status")
            change = {"status": STATUS[kind]}
            kube_api.request("PATCH", path, change, content=MERGE_PATCH).raise_for_status()
        return lambda: kube_api.request("GET", kube_api.path(kind, namespace, "good")).json()[
            "spec"
        ]

    return make


def test_every_action_is_tried_here():
    assert set(CHANGES) | set(SHOWS) == set(PLUGINS)


@pytest.mark.parametrize("name", CHANGES)
def test_an_action_changes_what_it_says(press, existing, name):
    typed, field, value = CHANGES[name]
    spec = existing(name)
    before = at(spec(), field)

    done = press(name, typed)

    assert (at(spec(), field), done.returncode) == (value, 0), done.stdout
    assert before != value
    assert done.stdout.endswith(" patched\n")


@pytest.mark.parametrize("name", CHANGES)
def test_an_action_on_what_is_gone_says_so(press, name):
    done = press(name, CHANGES[name][0], on="gone")

    assert '"gone" not found' in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize("name", SHOWS)
def test_an_action_shows_what_it_says(press, existing, name):
    existing(name)

    done = press(name)

    assert [text for text in SHOWS[name] if text not in done.stdout] == [], done.stdout
    assert (done.returncode, done.stderr) == (0, "")


def test_a_task_is_redriven_as_often_as_the_key_is_pressed(press, existing):
    spec = existing("atf-task-redrive")

    for _ in range(3):
        press("atf-task-redrive")

    assert spec()["redrives"] == 3


@pytest.mark.parametrize(("typed", "replicas"), [("true", 1), ("false", 0), ("1", 1), ("0", 0)])
def test_a_number_that_k9s_took_for_a_truth_is_a_number_again(press, existing, typed, replicas):
    spec = existing("atf-function-force")

    press("atf-function-force", {"REPLICAS": typed})

    assert spec()["replicas"] == replicas


def test_what_the_api_server_refuses_is_told(press, existing):
    spec = existing("atf-function-bounds")

    done = press("atf-function-bounds", {"MIN": "9", "MAX": "3"})

    assert "is at most maxReplicas" in done.stdout
    assert spec()["scaling"]["minReplicas"] == 0


def filled_in(text, values):
    """As k9s fills in: longest word first, anything that it does not know stays."""
    return re.sub(r"\$(\w+)", lambda word: values.get(word[1], word[0]), text)


def at(spec, path):
    for word in path.split("."):
        spec = spec.get(word) if spec else None
    return spec
