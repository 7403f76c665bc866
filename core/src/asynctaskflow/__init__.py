"""What the author of a function or of a program that calls one imports; everything else is found under its own module.

The names of the worker and of the client are loaded when they are first used: every other process imports this
package too, and must not pay for a runtime that it does not run.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from asynctaskflow.errors import InputRejected, NotNow, Permanent, Retryable

if TYPE_CHECKING:
    from asynctaskflow.client import TaskClient
    from asynctaskflow.worker.context import Context, SyncContext
    from asynctaskflow.worker.definition import FunctionDefinition, function
    from asynctaskflow.worker.rehearsal import Rehearsal, rehearse

_LATER = {
    "Context": "asynctaskflow.worker.context",
    "FunctionDefinition": "asynctaskflow.worker.definition",
    "Rehearsal": "asynctaskflow.worker.rehearsal",
    "SyncContext": "asynctaskflow.worker.context",
    "TaskClient": "asynctaskflow.client",
    "function": "asynctaskflow.worker.definition",
    "rehearse": "asynctaskflow.worker.rehearsal",
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used."""
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
    "TaskClient",
    "function",
    "rehearse",
]
