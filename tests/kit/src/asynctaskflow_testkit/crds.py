"""The chart's custom resource definitions without Helm: their templates hold nothing but guards, a line each."""

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[4] / "charts" / "asynctaskflow" / "templates" / "crds"
GUARD = "{{-"


def crds() -> dict[str, dict[str, Any]]:
    """Kind -> definition, as the chart renders it with ``crds.install`` and ``crds.keep``."""
    found = [yaml.safe_load(_without_guards(path)) for path in sorted(FOLDER.glob("*.yaml"))]
    return {crd["spec"]["names"]["kind"]: crd for crd in found}


def schema_of(crd: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI schema of its only version."""
    (version,) = crd["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def _without_guards(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(GUARD))
