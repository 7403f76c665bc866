"""What is mounted below a folder, and how to be rid of it before the folder goes."""

import subprocess
from pathlib import Path


def mounted_below(folder: Path, table: str) -> list[str]:
    """Mount points below a folder in a table like /proc/mounts, the deepest first."""
    points = [line.split()[1].encode().decode("unicode_escape") for line in table.splitlines()]
    below = [point for point in points if point.startswith(f"{folder}/")]
    return sorted(below, key=len, reverse=True)


def unmount_below(folder: Path) -> None:
    """Unmount everything below a folder, busy or not."""
    for point in mounted_below(folder, Path("/proc/mounts").read_text()):
        subprocess.run(["umount", "--lazy", point], check=False, capture_output=True)
