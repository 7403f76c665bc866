"""The image that holds a pod's namespaces: one static program, packed without any image tool."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

from asynctaskflow_testkit.kubernetes.node import PAUSE_IMAGE

CONFIG = {
    "architecture": "amd64",
    "os": "linux",
    "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
}


def archive_of_pause(program: Path, folder: Path) -> Path:
    """A docker archive of the image, in ``folder``."""
    layer = _tar({"pause": (program.read_bytes(), 0o755)})
    config = {
        **CONFIG,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
    }
    described = json.dumps(config).encode()
    manifest = [
        {
            "Config": f"{_digest(described)}.json",
            "RepoTags": [PAUSE_IMAGE],
            "Layers": ["layer.tar"],
        }
    ]
    archive = folder / "pause.tar"
    archive.write_bytes(
        _tar(
            {
                f"{_digest(described)}.json": (described, 0o644),
                "layer.tar": (layer, 0o644),
                "manifest.json": (json.dumps(manifest).encode(), 0o644),
            }
        )
    )
    return archive


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
