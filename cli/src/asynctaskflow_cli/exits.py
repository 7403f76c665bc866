"""How a command ends: the exit codes, and the errors that lead to them.

0 ok · 1 error · 2 usage · 3 the task failed · 4 not in time · 5 not found · 130 interrupted
"""

from enum import IntEnum

INTERRUPTED = 130


class Exit(IntEnum):
    """Exit codes; documented in ``atf --help``."""

    OK = 0
    ERROR = 1
    USAGE = 2
    TASK_FAILED = 3
    TIMEOUT = 4
    NOT_FOUND = 5


class CommandError(Exception):
    """A command cannot go on.

    Attributes:
        hint: what to do about it, one line; may be empty.
        status: of the API's answer, 0 if it was not one.
    """

    def __init__(
        self, message: str, *, code: Exit = Exit.ERROR, hint: str = "", status: int = 0
    ) -> None:
        """Keep what is shown and how the command ends."""
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.status = status


class UsageProblem(CommandError):
    """The command line makes no sense."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Exit code 2."""
        super().__init__(message, code=Exit.USAGE, hint=hint)


class TaskFailed(CommandError):
    """The command worked, the task did not."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Exit code 3."""
        super().__init__(message, code=Exit.TASK_FAILED, hint=hint)
