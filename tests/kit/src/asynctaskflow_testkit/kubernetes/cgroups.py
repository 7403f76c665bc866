"""The control groups of one cluster, apart from those of any other on the same machine.

A kubelet takes every pod group below its root that it does not know for an orphan, and kills what is in it. Two
clusters that shared a root would end each other's pods.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MOUNTED = Path("/sys/fs/cgroup")
CONTROLLERS = "cgroup.controllers"
SWITCHES = "cgroup.subtree_control"


def group_of(name: str) -> str:
    """The group below which a cluster's kubelet keeps its pods."""
    return f"/asynctaskflow-{name}"


def make_group(group: str, mounted: Path = MOUNTED) -> None:
    """Make it in every hierarchy: a kubelet starts only if its root is there."""
    unified = mounted / CONTROLLERS
    if unified.exists():
        wanted = " ".join(f"+{one}" for one in unified.read_text().split())
        (mounted / SWITCHES).write_text(wanted)
    for hierarchy in _hierarchies(mounted):
        _below(hierarchy, group).mkdir(exist_ok=True)


def remove_group(group: str, mounted: Path = MOUNTED) -> None:
    """Remove it and all below, the deepest first; one that still holds a process stays."""
    for hierarchy in _hierarchies(mounted):
        root = _below(hierarchy, group)
        folders = [path for path in root.rglob("*") if path.is_dir()]
        for folder in sorted([root, *folders], key=lambda path: len(path.parts), reverse=True):
            with suppress(OSError):
                folder.rmdir()


def _below(hierarchy: Path, group: str) -> Path:
    return hierarchy / group.lstrip("/")


def _hierarchies(mounted: Path) -> Iterator[Path]:
    """One where groups are unified; else one for each controller, and often an empty unified one beside them."""
    if (mounted / CONTROLLERS).exists():
        yield mounted
        return
    for path in sorted(mounted.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield path
