"""Lua as files: one script, one transition; run by content hash so that versions coexist.

A package keeps its scripts in a ``lua`` folder; the files of ``lua/prelude``, if there are any, are put in
front of each in the order of their names. The script cache of a server is only a cache: NOSCRIPT sends the source.
"""

import hashlib
from collections.abc import Collection, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from redis.exceptions import NoScriptError

from asynctaskflow.store.connection import AsyncRedis, SyncRedis

Argument = bytes | str | int | float


class Script:
    """One Lua script.

    Attributes:
        name: file name without ``.lua``.
        sha: SHA-1 of the source, as EVALSHA wants it.
    """

    __slots__ = ("name", "sha", "source")

    def __init__(self, name: str, source: str) -> None:
        """Hash the source."""
        self.name = name
        self.source = source
        self.sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, client: AsyncRedis, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """One round trip; two when the server has forgotten the script."""
        try:
            return await client.evalsha(self.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await client.eval(self.source, len(keys), *keys, *args)

    def run_sync(self, client: SyncRedis, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """The same for a thread."""
        try:
            return client.evalsha(self.sha, len(keys), *keys, *args)
        except NoScriptError:
            return client.eval(self.source, len(keys), *keys, *args)


def load(package: str, name: str, *, prelude: Collection[str] | None = None) -> Script:
    """Read ``<package>/lua/<name>.lua``; a first line ``#!lua flags=…`` stays first.

    Args:
        prelude: names of the prelude's files that the script uses; all of them if absent. Each call of a
            script makes the functions of its prelude anew, which can cost more than its commands.
    """
    folder = files(package) / "lua"
    source = (folder / f"{name}.lua").read_text()
    shebang = ""
    if source.startswith("#!"):
        shebang, _, source = source.partition("\n")
        shebang += "\n"
    return Script(name, shebang + _prelude(folder, prelude) + source)


def _prelude(folder: Traversable, wanted: Collection[str] | None) -> str:
    shared = folder / "prelude"
    if not shared.is_dir():
        return ""
    parts = sorted(shared.iterdir(), key=lambda part: part.name)
    return "".join(
        part.read_text()
        for part in parts
        if wanted is None or part.name.removesuffix(".lua") in wanted
    )
