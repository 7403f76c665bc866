"""The images are small, run as nobody on a read-only root, and hold what is pinned by hash and nothing else."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A person's tools, not servers: they come as wheels.
WITHOUT_IMAGE = {"cli"}
DEBIAN = "debian:trixie-slim"
OUR_BASE = re.compile(r"asynctaskflow/function-base(?::[\w.]+)?")
# What an image is built from beside the members: the dashboard is no package.
BESIDE_MEMBERS = {"api": {"dashboard", "dashboard/package.json"}}
AT_RUN_TIME = {
    *("ca-certificates", "libpython3-stdlib", "python3-minimal"),
    *("poppler-utils", "valkey-server", "valkey-tools"),
}
LEFT_BY_APT = {"/var/cache/apt/*", "/var/lib/apt/lists/*"}


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction, its continued lines joined."""

    verb: str
    words: str


def _steps(path: Path) -> list[Step]:
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    pairs = (line.split(maxsplit=1) for line in joined.splitlines() if line.strip())
    return [Step(verb, words) for verb, words in pairs]


def _stages(path: Path) -> list[list[Step]]:
    stages: list[list[Step]] = []
    for step in _steps(path):
        if step.verb == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(step)
    return stages


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT).parent)


DOCKERFILES = sorted(
    path
    for pattern in ("*", "functions/*", "examples/*", "charts/images/*", "tests/e2e/*")
    for path in ROOT.glob(f"{pattern}/Dockerfile")
)
DEPLOYABLES = sorted(
    path.parent
    for pattern in ("*/pyproject.toml", "functions/*/pyproject.toml")
    for path in ROOT.glob(pattern)
    if path.parent.name not in WITHOUT_IMAGE
)
# Those that install locks and members, in contrast to what stands on one of them.
OF_PYTHON = [path for path in DOCKERFILES if path.parent in DEPLOYABLES]

every_image = pytest.mark.parametrize("path", DOCKERFILES, ids=_named)
every_python_image = pytest.mark.parametrize("path", OF_PYTHON, ids=_named)


@pytest.mark.parametrize("member", DEPLOYABLES, ids=lambda member: member.name)
def test_every_deployable_has_a_dockerfile(member):
    assert (member / "Dockerfile").is_file()


@every_image
def test_an_image_stands_on_debian_or_on_our_own_base(path):
    defaults = dict(step.words.split("=") for step in _steps(path) if step.verb == "ARG")
    origins = [step.words.split()[0] for step in _steps(path) if step.verb == "FROM"]
    names = {step.words.split()[-1] for step in _steps(path) if step.verb == "FROM"}

    resolved = [defaults.get(origin.strip("${}"), origin) for origin in origins]
    strangers = [
        origin
        for origin in resolved
        if origin not in {DEBIAN, *names} and not OUR_BASE.fullmatch(origin)
    ]

    assert strangers == []
    assert DEBIAN in resolved[-1:] or OUR_BASE.fullmatch(resolved[-1])


@every_image
def test_an_image_builds_without_arguments(path):
    unset = [step.words for step in _steps(path) if step.verb == "ARG" and "=" not in step.words]

    assert unset == []


@every_image
def test_an_image_ends_as_a_numbered_user_without_rights(path):
    """Numbered, so that the kubelet can see that it is not root."""
    last = _stages(path)[-1]
    users = [step.words for step in last if step.verb == "USER"]
    inherits = OUR_BASE.search(path.read_text()) and path.parent not in DEPLOYABLES

    assert users == ([] if inherits else ["65532:65532"])


@every_image
def test_no_command_of_an_image_goes_through_a_shell(path):
    """A shell would be process 1 and keep SIGTERM from the worker."""
    starts = [step.words for step in _steps(path) if step.verb in {"ENTRYPOINT", "CMD"}]

    assert starts
    assert all(isinstance(json.loads(words), list) for words in starts)


@every_image
def test_an_image_holds_no_compiler_and_no_installer(path):
    packages = {
        word
        for command in _commands(_stages(path)[-1])
        if command.startswith("apt-get install")
        for word in command.split()[2:]
        if not word.startswith("-")
    }

    assert packages <= AT_RUN_TIME


@every_image
def test_apt_brings_nothing_that_was_not_asked_for_and_leaves_nothing_behind(path):
    for step in _runs(path):
        if "apt-get install" in step.words:
            assert "--no-install-recommends" in step.words
            assert LEFT_BY_APT.issubset(step.words.split())


@every_image
def test_every_package_is_pinned_by_hash_and_a_member_brings_none(path):
    loose = [
        command
        for stage in _stages(path)
        for command in _commands(stage)
        if re.search(r"pip (?:install|sync|wheel)\b", command)
        and "--require-hashes" not in command
        and not {"--no-deps", "--no-index"} <= set(command.split())
    ]

    assert loose == []


@every_python_image
def test_no_package_is_built_from_source(path):
    built = [
        command
        for stage in _stages(path)
        for command in _commands(stage)
        if "--require-hashes" in command
        and not ("--no-build" in command or "--only-binary :all:" in command)
    ]

    assert built == []


@every_python_image
def test_an_image_holds_the_members_that_its_deployable_stands_on(path):
    copied = [
        step.words.split()[0]
        for step in _steps(path)
        if step.verb == "COPY" and not step.words.startswith(("--from", "locks/"))
    ]

    assert set(copied) == _stands_on(path.parent) | BESIDE_MEMBERS.get(path.parent.name, set())


@every_image
def test_what_is_copied_exists_and_is_let_in(path):
    context = ROOT if path in OF_PYTHON else path.parent
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}

    for source in _sources(path):
        assert (context / source).exists()
        assert context != ROOT or source.split("/")[0] in let_in


@every_python_image
def test_all_bytecode_is_made_at_build_time(path):
    """On a read-only root what is not compiled here is compiled at every start."""
    installs = [
        command
        for stage in _stages(path)
        for command in _commands(stage)
        if "--python /opt/venv" in command
    ]

    assert len(installs) == 2
    assert all("--compile-bytecode" in command for command in installs)
    assert any("compileall" in command for command in _commands(_stages(path)[-1]))


def test_images_share_their_layers_up_to_their_own_lock():
    beginnings = {tuple(_stages(path)[0][:4]) for path in OF_PYTHON}
    systems = {tuple(_stages(path)[-1][:2]) for path in OF_PYTHON}

    assert len(beginnings) == 1
    assert len(systems) == 1


@every_python_image
def test_changed_code_changes_only_the_last_layer(path):
    layers = [step for step in _stages(path)[-1] if step.verb in {"RUN", "COPY"}]
    copies = [step.words.split()[0] for step in layers if step.verb == "COPY"]

    assert copies == ["--from=build", "--from=members"]
    assert all("locks/" in step.words for step in _stages(path)[0] if step.verb == "COPY")


def _runs(path: Path) -> Iterator[Step]:
    return (step for step in _steps(path) if step.verb == "RUN")


def _commands(stage: list[Step]) -> Iterator[str]:
    for step in stage:
        if step.verb == "RUN":
            yield from (command.strip() for command in step.words.split("&&"))


def _sources(path: Path) -> Iterator[str]:
    for step in _steps(path):
        if step.verb == "COPY" and not step.words.startswith("--from"):
            yield from step.words.split()[:-1]


def _stands_on(member: Path) -> set[str]:
    """The folders of a member and of all members below it."""
    project = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    folders = {"asynctaskflow": "core", "asynctaskflow-openrouter": "openrouter"}
    below = [
        _stands_on(ROOT / folders[name])
        for line in project["dependencies"]
        if (name := re.split(r"[\[<>=~! ]", line)[0]) in folders
    ]
    return {str(member.relative_to(ROOT))}.union(*below)
