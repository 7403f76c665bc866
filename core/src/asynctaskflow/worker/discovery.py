"""Finds the function that ``module:function`` names."""

import importlib
import sys
from pathlib import Path
from typing import Any

from asynctaskflow.model.function import HANDLER
from asynctaskflow.worker.definition import FunctionDefinition


class BadUsage(ValueError):
    """What the command line or the environment asks for cannot be done; the message says why."""


def find_function(handler: str) -> FunctionDefinition[Any, Any, Any]:
    """Import it; modules in the current folder are found too, after installed ones.

    Raises:
        BadUsage: no such module or attribute, or not made by ``@function``.
    """
    if not HANDLER.fullmatch(handler):
        raise BadUsage(f"expected module:function, got {handler!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    module_name, _, attribute = handler.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise BadUsage(f"cannot import {module_name!r}: {error}") from error
    found = getattr(module, attribute, None)
    if not isinstance(found, FunctionDefinition):
        raise BadUsage(f"{handler}: not decorated with @function")
    return found
