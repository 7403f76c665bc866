"""What the Task side asks about Functions."""

from collections.abc import Sequence
from typing import Protocol

from asynctaskflow.model.function import FunctionSpec


class FunctionLookup(Protocol):
    """All Functions of the namespace."""

    def spec(self, name: str) -> FunctionSpec | None:
        """The usable spec of a Function; ``None`` if there is no such Function (yet)."""
        ...

    def is_open(self, name: str) -> bool:
        """Whether it takes new tasks: registered, and not being deleted."""
        ...

    def names(self) -> Sequence[str]:
        """Of all Functions."""
        ...
