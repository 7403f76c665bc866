"""Builds the project's images from its own Dockerfiles, on a machine with neither Docker nor an image registry.

``FROM debian:trixie-slim`` finds a base that is made here with debootstrap. How this machine reaches its package
sources (extra certificates, settings of apt and pip) goes into that base, and never into a Dockerfile. An image whose
inputs have not changed is not built again.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from asynctaskflow_testkit.commands import output
from asynctaskflow_testkit.kubernetes.settings import HarnessSettings

ROOT = Path(__file__).parents[5]
BASE = "docker.io/library/debian:trixie-slim"
SUITE = "trixie"
TAG = "dev"
FUNCTION_BASE = "function-base"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
# Under a name that Debian's ca-certificates does not overwrite.
KEPT_BUNDLE = "/etc/machine-ca.crt"
TRUST = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "npm_config_cafile")
# Made here, not copied into an image.
NO_INPUT = {"__pycache__", "node_modules", "test-results"}
BUILT_HERE = ("api/src/asynctaskflow_api/static/dashboard", "dashboard/build")
# What of this process's environment says where packages come from.
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
INDEXES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
# Files that say it, as far as this machine has them.
SETTINGS = ("/etc/pip.conf", "/etc/uv/uv.toml", "/etc/npmrc")
APT_SETTINGS = "/etc/apt/apt.conf.d"
# What Debian's own slim image leaves out too.
NOT_IN_SLIM = (
    "/var/lib/apt/lists/*",
    "/var/cache/apt/*",
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
)
STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{root}"
runroot = "{run}"
"""
REGISTRIES = """\
unqualified-search-registries = ["docker.io"]
short-name-mode = "permissive"
"""


@dataclass(frozen=True, slots=True)
class Image:
    """One image: its Dockerfile, its build context, and what of the context goes into it."""

    dockerfile: str
    inputs: Sequence[str]
    context: str = "."
    base: str = ""

    def files(self) -> Iterable[Path]:
        """Every file that the image is made from."""
        yield ROOT / self.dockerfile
        for entry in self.inputs:
            path = ROOT / entry
            found = [path] if path.is_file() else sorted(path.rglob("*"))
            yield from (one for one in found if one.is_file() and not _is_made_here(one))


def _is_made_here(file: Path) -> bool:
    built = any(file.is_relative_to(ROOT / folder) for folder in BUILT_HERE)
    return built or bool(NO_INPUT & set(file.parts))


LOCKS = ("locks/bootstrap.txt", "locks/build.txt")
IMAGES: Mapping[str, Image] = {
    "valkey": Image("charts/images/valkey/Dockerfile", ()),
    "function-base": Image("core/Dockerfile", ("core", *LOCKS, "locks/worker.txt")),
    "summarize": Image(
        "functions/summarize/Dockerfile",
        ("core", "openrouter", "functions/summarize", *LOCKS, "locks/summarize.txt"),
    ),
    "pdfxtract": Image(
        "functions/pdfxtract/Dockerfile",
        ("core", "openrouter", "functions/pdfxtract", *LOCKS, "locks/pdfxtract.txt"),
    ),
    # It stands on what summarize stands on, so that lock is its own too.
    "openrouter-simulator": Image(
        "openrouter/Dockerfile", ("core", "openrouter", *LOCKS, "locks/summarize.txt")
    ),
    "api": Image(
        "api/Dockerfile", ("core", "openrouter", "api", "dashboard", *LOCKS, "locks/api.txt")
    ),
    "operator": Image("operator/Dockerfile", ("core", "operator", *LOCKS, "locks/operator.txt")),
    "word-count": Image(
        "examples/word-count/Dockerfile",
        ("examples/word-count",),
        context="examples/word-count",
        base="function-base",
    ),
    "probe-function": Image(
        "tests/e2e/function/Dockerfile",
        ("tests/e2e/function",),
        context="tests/e2e/function",
        base="function-base",
    ),
}


def _tag(name: str) -> str:
    """What one of our images is called on the test machine."""
    return f"docker.io/asynctaskflow/{name}:{TAG}"


def key_of(name: str) -> str:
    """A short hash of everything that an image of ours is made from."""
    image, digest = IMAGES[name], hashlib.sha256()
    if image.base:
        digest.update(key_of(image.base).encode())
    for file in image.files():
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


class ImageBuilder:
    """Builds images and packs them into archives, all in the user's cache folder."""

    def __init__(self) -> None:
        """Nothing is built yet."""
        self._folder = HarnessSettings().cache / "images"
        self._folder.mkdir(parents=True, exist_ok=True)

    def archives(self, names: Iterable[str] = IMAGES) -> dict[str, Path]:
        """Image name with tag -> archive, built where something has changed.

        Raises:
            CommandFailed: with the end of what the builder said.
        """
        wanted = list(names)
        return {_tag(name): self._archive(name) for name in wanted}

    def _archive(self, name: str) -> Path:
        archive = self._folder / f"{name}-{key_of(name)}.tar"
        if archive.exists():
            return archive
        _say(f"building image {name}")
        self._build(name)
        for old in self._folder.glob(f"{name}-????????????????.tar"):
            old.unlink()
        fresh = archive.with_suffix(".fresh")
        self._pack(_tag(name), fresh)
        fresh.replace(archive)
        return archive

    def of_folder(self, folder: Path, tag: str) -> Path:
        """The archive of a function of one's own: its Dockerfile, on our base, as anybody would build it.

        Raises:
            CommandFailed: with the end of what the builder said.
        """
        if not self._has(_tag(FUNCTION_BASE)):
            self._build(FUNCTION_BASE)
        self._bud(folder / "Dockerfile", folder, tag=tag, base=FUNCTION_BASE)
        archive = folder / "image.tar"
        self._pack(tag, archive)
        return archive

    def _build(self, name: str) -> None:
        image = IMAGES[name]
        if image.base and not self._has(_tag(image.base)):
            self._build(image.base)
        self._ensure_base()
        dockerfile, context = ROOT / image.dockerfile, ROOT / image.context
        self._bud(dockerfile, context, tag=_tag(name), base=image.base)

    def _bud(self, dockerfile: Path, context: Path, *, tag: str, base: str) -> None:
        words = ["build", "--isolation", "chroot", "--network", "host", "--pull=never", "--layers"]
        if base:
            words += ["--build-arg", f"BASE={_tag(base)}"]
        self._buildah(*words, "--file", str(dockerfile), "--tag", tag, str(context))

    def _pack(self, tag: str, archive: Path) -> None:
        archive.unlink(missing_ok=True)
        self._buildah("push", "--quiet", tag, f"docker-archive:{archive}:{tag}")

    def _has(self, tag: str) -> bool:
        return bool(self._buildah("images", "--quiet", "--filter", f"reference={tag}").strip())

    def _ensure_base(self) -> None:
        """Made once, and anew when this machine reaches its packages in another way."""
        mark = self._folder / f"base-{_key_of_machine()}"
        if mark.exists() and self._has(BASE):
            return
        _say("building the base image")
        self._make_base()
        for old in self._folder.glob("base-????????????????"):
            old.unlink()
        mark.touch()

    def _make_base(self) -> None:
        """A minimal Debian, without what a container never needs, as the real one."""
        tree = self._folder / "base"
        shutil.rmtree(tree, ignore_errors=True)
        output(["debootstrap", "--variant=minbase", SUITE, str(tree)])
        for pattern in NOT_IN_SLIM:
            for path in tree.glob(pattern.lstrip("/")):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        excluded = "".join(f"path-exclude {one}\n" for one in NOT_IN_SLIM if "share" in one)
        (tree / "etc/dpkg/dpkg.cfg.d/slim").write_text(excluded)
        for source, target in _machine_files().items():
            kept = tree / target.lstrip("/")
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, kept)
        container = self._buildah("from", "scratch").strip()
        self._buildah("copy", "--quiet", container, str(tree), "/")
        settings = [word for pair in _environment().items() for word in ("--env", "=".join(pair))]
        self._buildah("config", *settings, "--cmd", "bash", container)
        self._buildah("commit", "--quiet", "--rm", container, BASE)
        shutil.rmtree(tree)

    def _buildah(self, *arguments: str) -> str:
        storage, registries = self._folder / "storage.conf", self._folder / "registries.conf"
        storage.write_text(
            STORAGE.format(root=self._folder / "storage", run=self._folder / "storage-run")
        )
        registries.write_text(REGISTRIES)
        env = {
            **HarnessSettings.environment(),
            "CONTAINERS_STORAGE_CONF": str(storage),
            "CONTAINERS_REGISTRIES_CONF": str(registries),
        }
        return output(["buildah", *arguments], env=env)


def _machine_files() -> dict[Path, str]:
    """What of this machine makes apt, pip and uv reach their packages -> where the base has it."""
    wanted = {BUNDLE: KEPT_BUNDLE} | {path: path for path in SETTINGS}
    reaching = [path for path in Path(APT_SETTINGS).glob("*") if "Acquire::" in path.read_text()]
    wanted |= {str(path): str(path) for path in reaching if not path.name.startswith("docker-")}
    return {Path(here): there for here, there in wanted.items() if Path(here).is_file()}


def _environment() -> dict[str, str]:
    """What makes clients in the base trust what this machine trusts, and use its proxies and indexes."""
    ours = HarnessSettings.environment()
    trust = dict.fromkeys(TRUST, KEPT_BUNDLE) if Path(BUNDLE).exists() else {}
    return trust | {name: ours[name] for name in (*PROXIES, *INDEXES) if name in ours}


def _key_of_machine() -> str:
    digest = hashlib.sha256(repr((SUITE, sorted(_environment().items()))).encode())
    for source, target in sorted(_machine_files().items()):
        digest.update(target.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a person waits


def main() -> None:
    """Build the images that are named, or all; print their archives."""
    os.umask(0o022)
    for name, archive in ImageBuilder().archives(sys.argv[1:] or IMAGES).items():
        _say(f"{name} {archive} {archive.stat().st_size >> 20} MiB")


if __name__ == "__main__":
    main()
