"""Alerts and the dashboard ask for metrics that exist, and each alert says what to do."""

import json
import re

import pytest
import yaml

from asynctaskflow.metrics import WorkerMetrics
from asynctaskflow.model.task import TaskState
from asynctaskflow.resilience.breaker import Status
from asynctaskflow_api.meter import ApiMeter
from asynctaskflow_operator.gauges import OperatorGauges
from asynctaskflow_testkit import chart

METRIC = re.compile(r"\batf_[a-z0-9_]+")
HELP = re.compile(r"^# TYPE (atf_\w+) (\w+)$", re.MULTILINE)
STATE = re.compile(r'state="(\w+)"')

pytestmark = pytest.mark.needs("helm")


def exported() -> set[str]:
    """Names as Prometheus stores them."""
    text = "".join(
        one.decode()
        for one in (
            WorkerMetrics("any").exposition(),
            OperatorGauges().exposition(),
            ApiMeter("1").exposition([], [], streams=0, cut=0),
        )
    )
    found = set()
    for name, sort in HELP.findall(text):
        found |= {name, *(f"{name}_{part}" for part in ("bucket", "sum", "count"))}
        assert sort != "counter" or name.endswith("_total")
    return found


def alerts(rendered):
    (one,) = (one for one in rendered("everything") if one["kind"] == "PrometheusRule")
    return one["spec"]["groups"][0]["rules"]


def board(rendered):
    (one,) = (
        one
        for one in rendered("everything")
        if one["metadata"]["labels"].get("grafana_dashboard") == "1"
    )
    return json.loads(one["data"]["asynctaskflow.json"])


def queries(rendered):
    asked = [one["expr"] for one in alerts(rendered)]
    return asked + [
        target["expr"] for panel in board(rendered)["panels"] for target in panel["targets"]
    ]


def test_every_metric_that_is_asked_for_exists(rendered):
    asked = {name for query in queries(rendered) for name in METRIC.findall(query)}

    assert asked - exported() == set()


def test_every_state_that_is_asked_for_exists(rendered):
    asked = {state for query in queries(rendered) for state in STATE.findall(query)}

    assert asked <= {*map(str, TaskState), *map(str, Status)}


def test_every_alert_says_what_to_do_and_looks_at_one_namespace(rendered):
    for one in alerts(rendered):
        assert one["annotations"].keys() == {"summary", "action", "runbook"}
        assert 'namespace="demo"' in one["expr"]
        assert one["labels"]["severity"] in {"info", "warning", "critical"}


def test_every_alert_has_a_part_of_the_runbook(rendered):
    text = (chart.CHART.parents[1] / "docs" / "operating.md").read_text()
    parts = {
        f"docs/operating.md#{name.lower()}" for name in re.findall(r"^#+ (Atf\w+)$", text, re.M)
    }

    assert parts == {one["annotations"]["runbook"] for one in alerts(rendered)}


def test_labels_of_an_alert_are_left_to_prometheus(rendered):
    said = yaml.safe_dump(alerts(rendered))

    assert "{{ $labels.function }}" in said


def test_the_api_is_scraped_with_a_key(rendered):
    (one,) = (one for one in rendered("everything") if one["kind"] == "ServiceMonitor")
    (endpoint,) = one["spec"]["endpoints"]

    assert endpoint["authorization"]["type"] == "Bearer"


def test_monitoring_is_off_by_default(rendered):
    groups = {one["apiVersion"].split("/")[0] for one in rendered("default")}

    assert "monitoring.coreos.com" not in groups
