"""Applies the Functions and Dependencies of the chart's values, and deletes those that are no longer among them.

Only fields of the values are ours: what somebody set beside them (replicas, paused, an override) stays.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import yaml

from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import (
    Kube,
    KubeNotFound,
    KubeRefused,
    KubeUnavailable,
    Manifest,
)
from asynctaskflow_operator.manifests.worker import GROUP

Say = Callable[[str], None]

RELEASE_LABEL = f"{GROUP}/from-values"
KINDS = (Kind.DEPENDENCY, Kind.FUNCTION)
TRIES = 60
AGAIN_S = 1.0


def read_manifests(folder: Path, *, release: str) -> list[Manifest]:
    """The manifests of a folder, marked as this release's; Dependencies come before what uses them."""
    found = [yaml.safe_load(file.read_text()) for file in sorted(folder.glob("*.yaml"))]
    for manifest in found:
        manifest["metadata"]["labels"] = {RELEASE_LABEL: release}
    return sorted(found, key=lambda one: KINDS.index(Kind.of(one)))


def no_longer_listed(
    found: Iterable[tuple[Kind, str]], wanted: Iterable[Manifest]
) -> list[tuple[Kind, str]]:
    """Which of a release's resources its values have stopped to name."""
    kept = {(Kind.of(one), one["metadata"]["name"]) for one in wanted}
    return [one for one in found if one not in kept]


async def apply_all(
    kube: Kube, manifests: Iterable[Manifest], *, release: str, say: Say, again_s: float = AGAIN_S
) -> None:
    """Apply every manifest, also after one was refused; then delete what is not among them.

    Args:
        say: told one line about each.
        again_s: pause between two tries of one.

    Raises:
        KubeRefused: the API server refuses some; says which and why. Nothing is deleted then.
        KubeUnavailable, KubeNotFound: it did not know the kinds in time.
    """
    wanted = list(manifests)
    refused = []
    for manifest in wanted:
        try:
            await _apply(kube, manifest, again_s=again_s)
        except KubeRefused as error:
            refused.append(f"{_named(manifest)}: {error}")
            say(f"{_named(manifest)}: refused")
        else:
            say(f"{_named(manifest)}: applied")
    if refused:
        raise KubeRefused("\n".join(refused))
    for kind, name in no_longer_listed(await _of_release(kube, release), wanted):
        try:
            await kube.delete(kind, name)
        except KubeNotFound:
            continue
        say(f"{kind.text} {name}: deleted, the values no longer name it")


async def _of_release(kube: Kube, release: str) -> Sequence[tuple[Kind, str]]:
    return [
        (kind, one["metadata"]["name"])
        for kind in KINDS
        for one in await kube.list(kind, labels={RELEASE_LABEL: release})
    ]


async def _apply(kube: Kube, manifest: Manifest, *, again_s: float) -> None:
    """Apply one; right after their installation the API server needs a moment to know the kinds."""
    for left in reversed(range(TRIES)):
        try:
            await kube.apply(manifest)
        except (KubeNotFound, KubeUnavailable) as error:
            if not left:
                raise type(error)(
                    f"{_named(manifest)}: {error} (are the chart's CRDs installed?)"
                ) from error
            await asyncio.sleep(again_s)
        else:
            return


def _named(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"
