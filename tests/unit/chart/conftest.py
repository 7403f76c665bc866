"""What the chart renders, once for each set of values that several tests look at."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from asynctaskflow_testkit import chart

DIGEST = "sha256:" + "0f" * 32
EVERYTHING: Mapping[str, Any] = {
    "image": {"registry": "registry.example:5000/team", "pullSecrets": ["registry"]},
    "operator": {
        "extraEnv": [{"name": "ATF_OPERATOR_SAFETY_TICK_S", "value": "2"}],
        "priorityClassName": "high",
        "podAnnotations": {"note": "operator"},
        "nodeSelector": {"disk": "fast"},
    },
    "api": {
        "auth": {"keys": ["shop:write:" + "ab" * 32]},
        "autoscaling": {"enabled": True},
        "tolerations": [{"key": "batch", "operator": "Exists"}],
        "podAnnotations": {"note": "api"},
    },
    "ingress": {"enabled": True, "tls": [{"hosts": ["tasks.example"], "secretName": "tls"}]},
    "redis": {"embedded": {"maxMemory": "768mb", "podAnnotations": {"note": "redis"}}},
    "blobs": {"existingSecret": "bucket"},
    "openrouter": {"apiKey": "or-canary"},
    "networkPolicy": {
        "apiFrom": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
        "metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
    },
    "admissionPolicy": {"enabled": True, "imagePrefixes": ["registry.example:5000/"]},
    "monitoring": {"podMonitors": True, "rules": True, "dashboard": True, "labels": {"team": "a"}},
}
EXTERNAL: Mapping[str, Any] = {
    "redis": {"embedded": {"enabled": False}, "existingSecret": "redis-of-ours"},
    "api": {"durability": "strict", "auth": {"existingSecret": "keys-of-ours"}},
    "openrouter": {"existingSecret": "openrouter-of-ours"},
    "functions": {"pdfxtract": {"enabled": False}},
}
BARE: Mapping[str, Any] = {
    "crds": {"install": False},
    "api": {"clusterFacts": {"enabled": False}},
    "networkPolicy": {"enabled": False},
    "uninstall": {"retainSecrets": True},
    "functions": {"summarize": {"enabled": False}, "pdfxtract": {"enabled": False}},
    "dependencies": {"openrouter": {"enabled": False}},
}
TOKENS: Mapping[str, Any] = {
    "api": {"auth": {"kubernetes": {"enabled": True, "audiences": ["one", "two"]}}},
}
SETS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "everything": EVERYTHING,
    "external": EXTERNAL,
    "bare": BARE,
    "tokens": TOKENS,
}


@functools.cache
def _rendered(name: str) -> tuple[chart.Manifest, ...]:
    return tuple(chart.render(SETS[name]))


@pytest.fixture(params=list(SETS))
def objects(request: pytest.FixtureRequest) -> tuple[chart.Manifest, ...]:
    """All objects, for each set of values in turn."""
    return _rendered(request.param)


@pytest.fixture
def rendered() -> Callable[[str], tuple[chart.Manifest, ...]]:
    """All objects of the set of values with a name."""
    return _rendered


@pytest.fixture(scope="session")
def digest() -> str:
    """A digest as registries give it."""
    return DIGEST
