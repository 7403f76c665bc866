"""Programs that are run to their end, for what they print."""

import subprocess
from collections.abc import Mapping, Sequence

SAID_LINES = 25


class CommandFailed(RuntimeError):
    """A command ended with an error; the message is the end of what it said."""


def output(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    given: str | None = None,
    within_s: float | None = None,
) -> str:
    """What a command prints.

    Args:
        command: the program and its arguments.
        env: its whole environment; without one it has this process's.
        given: its input.
        within_s: seconds until it is killed.

    Raises:
        CommandFailed
        subprocess.TimeoutExpired: not within ``within_s``.
    """
    done = subprocess.run(
        list(command),
        env=env,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=within_s,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-SAID_LINES:]
        raise CommandFailed("\n".join([f"{' '.join(command[:5])} failed:", *said]))
    return done.stdout
