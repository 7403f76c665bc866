"""Keyset cursors: where a listing goes on. Pure, opaque to callers, refused when damaged."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last entry that was given out: its score and its member."""

    score: float
    member: str

    def __str__(self) -> str:
        return urlsafe_b64encode(f"{self.score:.0f}:{self.member}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor.

        Raises:
            ValueError: it is not one of ours.
        """
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            score, _, member = raw.partition(":")
            return cls(float(score), member)
        except (BinasciiError, UnicodeDecodeError, ValueError) as error:
            raise ValueError("cursor: not one that a listing gave out") from error
