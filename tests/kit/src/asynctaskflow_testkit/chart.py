"""The chart as Helm renders it, and the part of its schema that the models of core say.

``python -m asynctaskflow_testkit.chart`` writes that part anew after a model has changed.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow.model.function import FunctionSpec, Spec
from asynctaskflow_testkit.kubernetes.binaries import KUBERNETES_VERSION, build

CHART = Path(__file__).resolve().parents[4] / "charts" / "asynctaskflow"
SCHEMA = CHART / "values.schema.json"
RELEASE, NAMESPACE = "atf", "demo"
SPECS: Sequence[type[Spec]] = (FunctionSpec, DependencySpec)
# For people and for code generators, not for a check of values.
UNCHECKED = frozenset({"title", "default"})
NOTES = """\
apiVersion: v1
kind: Notes
text: |
  {{- tpl (.Files.Get "notes.txt") . | nindent 2 }}
"""

Manifest = dict[str, Any]


class CannotRender(Exception):
    """Helm refuses; the message is what it said."""


def helm(*arguments: str, given: Mapping[str, Any] | None = None) -> str:
    """What a run of Helm prints.

    Args:
        given: values, as those of a file.

    Raises:
        CannotRender
    """
    values = ["--values", "-"] if given is not None else []
    done = subprocess.run(
        [str(build(("helm",))["helm"]), *arguments, *values],
        input=json.dumps(given or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotRender(done.stderr or done.stdout)
    return done.stdout


def render(
    given: Mapping[str, Any] | None = None, *, chart: Path = CHART, namespace: str = NAMESPACE
) -> list[Manifest]:
    """Every object, hooks and tests included.

    Raises:
        CannotRender
    """
    text = helm(
        *("template", RELEASE, str(chart), "--namespace", namespace),
        *("--kube-version", KUBERNETES_VERSION),
        given=given or {},
    )
    return [one for one in yaml.safe_load_all(text) if one]


def notes(given: Mapping[str, Any] | None = None) -> str:
    """What Helm says after an installation; rendered as an object, since Helm alone says it only with a cluster.

    Raises:
        CannotRender
    """
    with tempfile.TemporaryDirectory(prefix="atf-chart-") as folder:
        copy = Path(shutil.copytree(CHART, Path(folder) / "chart"))
        (copy / "templates" / "NOTES.txt").rename(copy / "notes.txt")
        (copy / "templates" / "notes.yaml").write_text(NOTES)
        (found,) = (one for one in render(given, chart=copy) if one["kind"] == "Notes")
    text: str = found["text"]
    return text


def spec_definitions() -> dict[str, Any]:
    """The schema of what values hold under ``functions`` and ``dependencies``, by the models' names."""
    found: dict[str, Any] = {}
    for model in SPECS:
        schema = model.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return {name: _checked(found[name]) for name in sorted(found)}


def write_schema() -> None:
    """Put the models' definitions into the chart's schema; the rest is written by hand."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    by_hand = {name: one for name, one in schema["definitions"].items() if not name[0].isupper()}
    schema["definitions"] = by_hand | spec_definitions()
    text = json.dumps(schema, indent=2, ensure_ascii=False)
    SCHEMA.write_text(f"{text}\n", encoding="utf-8")


def _checked(schema: Any, *, names: bool = False) -> Any:
    """Without what checks nothing; ``names``: the keys are a caller's, none of the schema's own."""
    if isinstance(schema, list):
        return [_checked(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _checked(value, names=key == "properties" and not names)
        for key, value in schema.items()
        if names or key not in UNCHECKED
    }


if __name__ == "__main__":
    write_schema()
