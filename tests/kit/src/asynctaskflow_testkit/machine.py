"""What a test may need of the machine beside Python packages, and what this machine lacks of it."""

import shutil
import sys

# What `@needs` may name: a program -> the Debian package that brings it.
PROGRAMS = {"redis-server": "redis-server", "faketime": "faketime", "pdftoppm": "poppler-utils"}
LINUX = "linux"


def lacks(need: str) -> bool:
    """Whether this machine has not got it.

    Raises:
        ValueError: ``need`` is neither a program of ``PROGRAMS`` nor ``linux``.
    """
    if need == LINUX:
        return sys.platform != LINUX
    if need not in PROGRAMS:
        raise ValueError(f"a test needs {need!r}, which is none of {[*PROGRAMS, LINUX]}")
    return shutil.which(need) is None


def remedy(need: str) -> str:
    """What to do about it, in a few words."""
    return "only there" if need == LINUX else f"apt-get install {PROGRAMS[need]}"
