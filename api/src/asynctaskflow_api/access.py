"""Who may do what: credentials to a role, by constant-time comparison. Knows nothing of routes or HTTP answers.

A key is ``atf_<id>_<secret>``; the settings hold only its SHA-256 (the secret is random and long, so no
slow hash is needed). Kubernetes tokens are another ``Authenticator``, in ``kube``.
"""

import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import Protocol

from asynctaskflow.errors import AsyncTaskFlowError

KEY_START = "atf_"
KEY = re.compile(r"atf_([a-z0-9-]{1,32})_[A-Za-z0-9_-]{20,128}")
KEY_ID = re.compile(r"[a-z0-9-]{1,32}")
DIGEST = re.compile(r"[0-9a-f]{64}")
SECRET_BYTES = 32
NOBODYS_DIGEST = "0" * 64


class Role(IntEnum):
    """What a caller may do; each role includes those below it."""

    PUBLIC = 0
    READ = 1
    WRITE = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: ``name`` goes into logs, ``role`` decides.

    Attributes:
        refusals: what to say where a role is missing; by default just that it is.
    """

    name: str
    role: Role
    refusals: Mapping[Role, str] = field(default_factory=dict)

    def refusal(self, role: Role) -> str:
        """Why this caller has not got a role."""
        return self.refusals.get(role) or f"this needs the role {role.name.lower()}"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One accepted key, without its secret."""

    id: str
    role: Role
    digest: str

    @classmethod
    def parse(cls, text: str) -> "ApiKey":
        """Read ``<id>:<role>:<sha256 hex>``.

        Raises:
            ValueError: says which part is wrong, never its value.
        """
        parts = text.split(":")
        if len(parts) != 3:
            raise ValueError("API key: expected <id>:<role>:<sha256 of the key>")
        key_id, role, digest = parts
        if not KEY_ID.fullmatch(key_id):
            raise ValueError("API key: the id has other characters than a-z, 0-9 and -")
        if role.upper() not in {"READ", "WRITE", "ADMIN"}:
            raise ValueError(f"API key {key_id}: the role is read, write or admin")
        if not DIGEST.fullmatch(digest):
            raise ValueError(f"API key {key_id}: expected the SHA-256 of the key, 64 hex digits")
        return cls(key_id, Role[role.upper()], digest)


class TokensUnavailable(AsyncTaskFlowError):
    """Whoever knows whose a token is cannot be asked now."""


class Authenticator(Protocol):
    """Turns a presented token into a principal."""

    @property
    def accepts(self) -> str:
        """What to send, for those who sent nothing that is accepted."""
        ...

    async def principal(self, token: str) -> Principal | None:
        """Who presents the token; ``None`` if nobody known does.

        Raises:
            TokensUnavailable
        """
        ...


class KeyRing:
    """Accepts the configured API keys."""

    accepts = "an API key: 'Authorization: Bearer atf_…'"

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        """Index them by id: the id is not a secret, so looking it up may take varying time."""
        self._keys: Mapping[str, ApiKey] = {key.id: key for key in keys}

    async def principal(self, token: str) -> Principal | None:
        """See ``Authenticator.principal``; an unknown id costs what a wrong secret does."""
        match = KEY.fullmatch(token)
        known = self._keys.get(match[1]) if match else None
        presented = sha256(token.encode()).hexdigest()
        same = hmac.compare_digest(presented, known.digest if known else NOBODYS_DIGEST)
        if known is None or not same:
            return None
        return Principal(f"key:{known.id}", known.role)


class KeysFirst:
    """API keys, and another authenticator for what does not look like one: no key ever reaches it."""

    def __init__(self, keys: KeyRing, others: Authenticator) -> None:
        """Keep both."""
        self._keys = keys
        self._others = others
        self.accepts = f"{keys.accepts}, or {others.accepts}"

    async def principal(self, token: str) -> Principal | None:
        """See ``Authenticator.principal``."""
        asked = self._keys if token.startswith(KEY_START) else self._others
        return await asked.principal(token)


class Everyone:
    """No authentication: for the local stack only."""

    accepts = "anything"

    async def principal(self, token: str) -> Principal | None:  # noqa: ARG002 - the port's signature
        """Anybody is the administrator."""
        return Principal("local", Role.ADMIN)


def new_key(key_id: str, role: Role) -> tuple[str, str]:
    """A fresh key and the text for ``ATF_API_KEYS`` that accepts it."""
    key = f"atf_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
    setting = f"{key_id}:{role.name.lower()}:{sha256(key.encode()).hexdigest()}"
    ApiKey.parse(setting)
    return key, setting
