"""A picture for a character card, drawn without a graphics library: an emblem in the colours of the faction."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from simulator.models.base import content_hash

__all__ = ["draw_emblem", "png_chunk", "png_with_text"]

_WIDTH, _HEIGHT = 400, 600  # the 2:3 of card pictures
_GRID = 10  # cells across; each half mirrors the other, so that it looks like a crest
_SIGNATURE = b"\x89PNG\r\n\x1a\n"

Colour = tuple[int, int, int]


def draw_emblem(seed: str, palette: str) -> bytes:
    """Return a PNG of 400 x 600 pixels.

    Args:
        seed: Who it is for: decides the figure.
        palette: Whose colours: equal palettes have equal colours.
    """
    ground, figure = _colours(palette)
    bits = int(content_hash("emblem", seed), 16)
    cells = _GRID * _HEIGHT // _WIDTH
    rows = []
    for y in range(cells):
        half = [bool(bits >> (y * _GRID // 2 + x) & 1) for x in range(_GRID // 2)]
        rows.append(_line([*half, *reversed(half)], ground, figure))
    size = _WIDTH // _GRID
    pixels = b"".join(b"\0" + row for row in rows for _ in range(size))
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(png_chunk(kind, body) for kind, body in chunks)


def png_with_text(png: bytes, texts: Sequence[tuple[str, str]]) -> bytes:
    """Return ``png`` with a tEXt chunk for each keyword and its ASCII text, before the picture's end."""
    end = png.rindex(png_chunk(b"IEND", b""))
    chunks = (png_chunk(b"tEXt", keyword.encode("ascii") + b"\0" + text.encode("ascii")) for keyword, text in texts)
    return png[:end] + b"".join(chunks) + png[end:]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return one chunk: length, kind, body, check sum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _line(cells: Sequence[bool], ground: Colour, figure: Colour) -> bytes:
    size = _WIDTH // _GRID
    return b"".join(bytes(figure if cell else ground) * size for cell in cells)


def _colours(palette: str) -> tuple[Colour, Colour]:
    """Return a dark ground and a light figure of the same family."""
    digest = bytes.fromhex(content_hash("palette", palette))
    red, green, blue = (digest[i] for i in range(3))
    dark = (24 + red // 5, 24 + green // 5, 24 + blue // 5)
    light = (128 + digest[3] // 2, 128 + digest[4] // 2, 128 + digest[5] // 2)
    return dark, light
