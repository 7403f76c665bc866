"""One operator acts, others stand by: a Lease in the namespace, renewed while this one lives.

Never lets two act for longer than one renewal: whoever sees another holder ends its process and starts over.
"""

import asyncio
from collections.abc import Callable

import structlog

from asynctaskflow.clock import Clock
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import (
    Kube,
    KubeConflict,
    KubeError,
    KubeNotFound,
)
from asynctaskflow_operator.rules.lease import Observed, Stand, claim, observed, stand

RENEWALS = 3  # in one lease: two may fail before another takes over

log = structlog.get_logger()


class Deposed(Exception):
    """Another operator holds the lease now."""


class Leadership:
    """The lease of one operator process.

    Args:
        me: identity, unique for this process.
        renewed: called when the API server has taken a renewal.
    """

    def __init__(
        self,
        kube: Kube,
        *,
        name: str,
        me: str,
        lease_s: float,
        clock: Clock,
        renewed: Callable[[], None],
    ) -> None:
        """Nothing is sent yet."""
        self._renewed = renewed
        self._kube = kube
        self._name = name
        self._me = me
        self._lease_s = lease_s
        self._clock = clock
        self._seen: Observed | None = None
        self._missed = False
        self.holder = ""

    async def win(self) -> None:
        """Wait until this operator may act."""
        told = ""
        while True:
            try:
                if await self._try():
                    return
            except KubeError as error:
                log.warning("lease_not_read", error=str(error))
            if self.holder and self.holder != told:
                log.warning("standing_by", holder=self.holder, lease=self._name)
                told = self.holder
            await asyncio.sleep(self._lease_s / RENEWALS / 2)

    async def keep(self) -> None:
        """Renew until cancelled; an API server that does not answer deposes nobody.

        Raises:
            Deposed
        """
        while True:
            await asyncio.sleep(self._lease_s / RENEWALS)
            try:
                leads = await self._try()
            except KubeError as error:
                log.warning("lease_not_renewed", error=str(error))
                continue
            if not leads and self.holder != self._me:
                raise Deposed(f"{self.holder} holds the lease {self._name}")

    async def release(self) -> None:
        """Let another one act at once."""
        if self._seen is None or self._seen.holder != self._me:
            return
        try:
            await self._kube.patch(Kind.LEASE, self._name, {"spec": {"holderIdentity": ""}})
        except KubeError as error:
            log.warning("lease_not_released", error=str(error))

    async def _try(self) -> bool:
        """Take or renew the lease; whether it is mine."""
        try:
            lease = await self._kube.get(Kind.LEASE, self._name)
        except KubeNotFound:
            return await self._create_unless_leaving()
        self._missed = False
        now_s = self._clock.mono_s()
        self._seen = seen = observed(lease, self._seen, now_s=now_s)
        self.holder = seen.holder
        if stand(seen, me=self._me, lease_s=self._lease_s, now_s=now_s) is Stand.WAIT:
            return False
        return await self._write(seen)

    async def _write(self, seen: Observed) -> bool:
        body = {"metadata": {"resourceVersion": seen.version}, "spec": self._claim()}
        try:
            made = await self._kube.patch(Kind.LEASE, self._name, body)
        except KubeConflict:
            return False  # somebody was faster; look again
        self._seen = observed(made, None, now_s=self._clock.mono_s())
        self.holder = self._me
        self._renewed()
        return True

    async def _create_unless_leaving(self) -> bool:
        """A lease that has just vanished goes with its release, and so will this operator: it gets one turn to."""
        if self._seen is not None and not self._missed:
            self._missed = True
            return self.holder == self._me
        return await self._create()

    async def _create(self) -> bool:
        manifest = {
            "apiVersion": Kind.LEASE.api_version,
            "kind": Kind.LEASE.text,
            "metadata": {"name": self._name},
            "spec": self._claim(),
        }
        try:
            made = await self._kube.create(manifest)
        except KubeConflict:
            return False
        self._seen = observed(made, None, now_s=self._clock.mono_s())
        self.holder = self._me
        self._renewed()
        return True

    def _claim(self) -> dict[str, object]:
        return claim(me=self._me, lease_s=self._lease_s, wall_s=self._clock.wall_ms() / 1000)
