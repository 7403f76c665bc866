"""What a function's author imports; everything else is found under its own module.

The worker's names are loaded when they are first used: every other process imports this package too, and
must not pay for a runtime that it does not run.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from asynctaskflow.errors import InputRejected, NotNow, Permanent, Retryable

if TYPE_CHECKING:
    from asynctaskflow.worker.context import Context, SyncContext
    from asynctaskflow.worker.definition import FunctionDefinition, function
    from asynctaskflow.worker.rehearsal import Rehearsal, rehearse

_LATER = {
    "Context": "asynctaskflow.worker.context",
    "FunctionDefinition": "asynctaskflow.worker.definition",
    "Rehearsal": "asynctaskflow.worker.rehearsal",
    "SyncContext": "asynctaskflow.worker.context",
    "function": "asynctaskflow.worker.definition",
    "rehearse": "asynctaskflow.worker.rehearsal",
}


def __getattr__(name: str) -> object:
    """Load one of the worker's names."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


__all__ = [
    "Context",
    "FunctionDefinition",
    "InputRejected",
    "NotNow",
    "Permanent",
    "Rehearsal",
    "Retryable",
    "SyncContext",
    "function",
    "rehearse",
]
