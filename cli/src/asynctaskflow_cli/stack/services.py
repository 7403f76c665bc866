"""The dependencies of the local stack: registered from their manifests, seen for scaling."""

from collections.abc import Sequence

from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.dependencies.sight import sight
from asynctaskflow.model.dependency import DependencyManifest
from asynctaskflow.scaling import DependencySight


class Services:
    """All dependencies that the manifests name."""

    def __init__(
        self, dependencies: RedisDependencies, manifests: Sequence[DependencyManifest]
    ) -> None:
        """Nothing is sent yet."""
        self._dependencies = dependencies
        self._manifests = manifests

    async def register(self) -> None:
        """Store every spec; limits and breaker states that Redis holds go on."""
        for manifest in self._manifests:
            await self._dependencies.register(manifest.metadata.name, manifest.spec)

    async def sights(self) -> dict[str, DependencySight]:
        """What scaling needs to know of each, by name."""
        return {state.name: sight(state) for state in await self._dependencies.states()}
