"""The token between a dry run and the real thing. Pure.

It is no secret and no permission: it proves that the caller has seen the dry run of exactly this action on
exactly this filter, lately, and it fixes the moment up to which tasks count, so that tasks which came later
are not swept along.
"""

from dataclasses import dataclass
from hashlib import sha256

LIFETIME_MS = 600_000
DIGEST_CHARS = 32


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a token says: up to when tasks count, and what it is about."""

    until_ms: int
    digest: str

    def __str__(self) -> str:
        return f"{self.until_ms:x}.{self.digest}"


def confirm(subject: bytes, *, now_ms: int) -> Confirmation:
    """The confirmation of ``subject`` (action and filter), made now."""
    digest = sha256(b"%d:" % now_ms + subject).hexdigest()[:DIGEST_CHARS]
    return Confirmation(now_ms, digest)


def check(token: str, subject: bytes, *, now_ms: int) -> int | None:
    """Up to when tasks count, in ms; ``None`` if the token is of something else or too old."""
    stamp, _, digest = token.partition(".")
    try:
        until_ms = int(stamp, 16)
    except ValueError:
        return None
    fits = digest == confirm(subject, now_ms=until_ms).digest
    return until_ms if fits and now_ms - LIFETIME_MS <= until_ms <= now_ms else None
