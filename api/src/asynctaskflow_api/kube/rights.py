"""What Kubernetes' answers mean here: which rights make a role, who the caller is, how long that is believed.

Decides from values alone; `reviews` asks for them. A role takes the rights with which the same could be done with
kubectl, so that nobody can do more here than the cluster lets them do.
"""

from base64 import urlsafe_b64decode
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import orjson

from asynctaskflow_api.access import Principal, Role

GROUP = "asynctaskflow.dev"
JWT_PARTS = 3


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one kind of resource of ours, all of a namespace."""

    verb: str
    resource: str
    subresource: str = ""

    def __str__(self) -> str:
        """For people."""
        return f"{self.verb} {self.whole_resource}"

    @property
    def whole_resource(self) -> str:
        """As RBAC writes it."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


# Each role needs those of the roles below it too. Listing shows contents, as READ does. Who may scale a Function by hand
# may stop it; that is ADMIN's reach, while patching Functions could run any image.
RIGHTS: Mapping[Role, tuple[Right, ...]] = {
    Role.READ: (Right("list", "tasks"),),
    Role.WRITE: (Right("create", "tasks"), Right("patch", "tasks"), Right("delete", "tasks")),
    Role.ADMIN: (Right("patch", "functions", "scale"), Right("patch", "dependencies")),
}
ALL_RIGHTS = tuple(right for rights in RIGHTS.values() for right in rights)


@dataclass(frozen=True, slots=True)
class User:
    """Whom a token stands for, as the API server says; an access review takes all of it."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long answers are believed, in seconds.

    Attributes:
        known_s: somebody who may do something here.
        refused_s: a token that is not valid, or a user without any right: who has just got one waits no longer.
    """

    known_s: float
    refused_s: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is believed of a token, and for how long; ``None``: it is nobody's."""

    principal: Principal | None
    keep_s: float


def is_known(principal: Principal | None) -> bool:
    """Whether somebody may do something here."""
    return principal is not None and principal.role > Role.PUBLIC


def is_for_us(*, asked: Collection[str], answered: Collection[str]) -> bool:
    """Whether a valid token was meant for us.

    A server that knows no audiences answers none, and has not compared them (``TokenReviewStatus.audiences``).
    """
    return not asked or not set(asked).isdisjoint(answered)


def principal_of(user: User, allowed: Collection[Right], *, namespace: str) -> Principal:
    """The caller, with the highest role whose rights are all there, and why not a higher one."""
    found, missing = Role.PUBLIC, list[Right]()
    refusals = {}
    for role, rights in RIGHTS.items():
        missing += [right for right in rights if right not in allowed]
        if missing:
            told = ", ".join(map(str, missing))
            refusals[role] = f"{user.name} may not {told} in namespace {namespace}"
        else:
            found = role
    return Principal(f"kube:{user.name}", found, refusals)


def verdict_of(
    principal: Principal | None, *, expires_s: float | None, now_s: float, keeping: Keeping
) -> Verdict:
    """The verdict on a token that has just been reviewed.

    Args:
        expires_s: when the token ends, in seconds since the epoch; ``None``: it does not say.
        now_s: wall time.
    """
    keep_s = keeping.known_s if is_known(principal) else keeping.refused_s
    if expires_s is not None:
        keep_s = min(keep_s, expires_s - now_s)
    return Verdict(principal, max(keep_s, 0))


def expiry_of(token: str) -> float | None:
    """The claim ``exp`` of a token that the API server has accepted; ``None`` if it is no JWT, or has none."""
    parts = token.split(".")
    if len(parts) != JWT_PARTS:
        return None
    try:
        claims = orjson.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    expiry = claims.get("exp") if isinstance(claims, dict) else None
    return float(expiry) if isinstance(expiry, int | float) else None
