"""Where a worker learns how to run its function: its ``function.yaml``, else Redis, else defaults.

What the environment sets wins, for this one process.
"""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from asynctaskflow.model.function import FunctionManifest, FunctionSpec
from asynctaskflow.settings import WorkerSettings


class BadManifest(ValueError):
    """The file cannot be read, is not a Function, or breaks a rule; the message says which."""


def read_manifest(path: Path) -> FunctionManifest:
    """The ``Function`` in a file.

    Raises:
        BadManifest
    """
    import yaml  # noqa: PLC0415 - a worker that is given no file needs no parser

    try:
        return FunctionManifest.model_validate(yaml.safe_load(path.read_text()))
    except OSError as error:
        raise BadManifest(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, ValidationError) as error:
        raise BadManifest(f"{path}: {error}") from error


def effective(spec: FunctionSpec, settings: WorkerSettings) -> FunctionSpec:
    """The spec with this process's settings laid over it."""
    changes: dict[str, dict[str, Any]] = {
        "concurrency": {
            "slots_per_worker": settings.slots,
            "isolation": settings.isolation,
        },
        "timeouts": {
            "lease_seconds": settings.lease_s,
            "attempt_seconds": settings.attempt_timeout_s,
            "grace_seconds": settings.grace_s,
        },
        "queue": {"max_deliveries": settings.max_deliveries},
        "retry": {
            "max_attempts": settings.max_attempts,
            "initial_seconds": settings.backoff_base_s,
            "max_seconds": settings.backoff_cap_s,
        },
    }
    parts = {
        name: getattr(spec, name).model_copy(
            update={field: value for field, value in fields.items() if value is not None}
        )
        for name, fields in changes.items()
    }
    return spec.model_copy(update=parts)
