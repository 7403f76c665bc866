"""A grey bitmap as PNG, so that rendering needs no imaging library. Pure."""

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BIT_GREY = (8, 0, 0, 0, 0)
_FAST = 4


def encode_grey(pixels: bytes, *, width: int, height: int, stride: int) -> bytes:
    """Return 8-bit grey ``pixels``, rows ``stride`` bytes apart, as a PNG file."""
    rows = b"".join(b"\x00" + pixels[row * stride : row * stride + width] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, *_EIGHT_BIT_GREY)
    return (
        _SIGNATURE
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, _FAST))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
