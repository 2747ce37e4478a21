"""The picture of a character card: an emblem in the colours of the faction, and whose card it is.

Drawn with Pillow (the extra ``cards``). Its own font has the letters of European languages; a name in other letters is
drawn where the system has a font for it, and left out where not: then the emblem is the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

from simulator.errors import ExportError, install
from simulator.models.base import content_hash
from simulator.models.npc import Npc

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

__all__ = ["draw_card"]

_WIDTH, _HEIGHT = 400, 600  # the 2:3 of card pictures
_GRID, _CELL = 10, 32  # cells across the emblem; each half mirrors the other, so that it looks like a crest
_ROWS = 11
_TOP = 40  # pixels above the emblem
_PLATE = 440  # where the names begin
_MARGIN = 28
_LATIN = 0x250
"""Code points below are in Pillow's own font."""

_WIDE_FONTS = ("NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "wqy-microhei.ttc", "msyh.ttc", "PingFang.ttc")
"""Fonts with Chinese, Japanese and Korean letters, as the usual systems name their files."""

Colour = tuple[int, int, int]


def draw_card(npc: Npc, texts: Mapping[str, str]) -> bytes:
    """Return a PNG of 400 x 600 pixels with a tEXt chunk for each keyword and its ASCII text.

    The same NPC gives the same picture; NPCs of one faction have the same colours.

    Raises:
        ExportError: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw
        from PIL.PngImagePlugin import PngInfo
    except ImportError as error:
        raise ExportError(f"pictures need Pillow; {install('pillow')}") from error
    ground, figure = _colours(npc.faction or npc.world)
    picture = _faded(Image.new("RGB", (_WIDTH, _HEIGHT), ground), ground)
    draw = ImageDraw.Draw(picture)
    _emblem(draw, npc.id, figure)
    _names(draw, npc, figure)
    chunks, packed = PngInfo(), BytesIO()
    for keyword, text in texts.items():
        chunks.add_text(keyword, text)
    picture.save(packed, "PNG", pnginfo=chunks)
    return packed.getvalue()


def _faded(picture: Image, ground: Colour) -> Image:
    """Return the ground, darker towards the foot."""
    from PIL import Image, ImageOps

    light = Image.linear_gradient("L").resize((_WIDTH, _HEIGHT))
    dark: Colour = (ground[0] // 3, ground[1] // 3, ground[2] // 3)
    return ImageOps.colorize(light, ground, dark)


def _emblem(draw: ImageDraw, seed: str, figure: Colour) -> None:
    bits = int(content_hash("emblem", seed), 16)
    left = (_WIDTH - _GRID * _CELL) // 2
    for row in range(_ROWS):
        for column in range(_GRID):
            mirrored = min(column, _GRID - 1 - column)
            if bits >> (row * _GRID // 2 + mirrored) & 1:
                x, y = left + column * _CELL, _TOP + row * _CELL
                draw.rectangle((x, y, x + _CELL - 1, y + _CELL - 1), fill=figure)


def _names(draw: ImageDraw, npc: Npc, figure: Colour) -> None:
    who = " ".join(filter(None, (npc.race, npc.occupation)))
    where = ", ".join(filter(None, (npc.faction, npc.place)))
    height = _PLATE
    for text, size, colour in ((npc.name, 34, (255, 255, 255)), (who, 20, figure), (where, 16, figure)):
        font = _font(text, size)
        shown = _fitting(draw, " ".join(text.split()), font) if font else ""
        if shown and font:
            draw.text((_MARGIN, height), shown, font=font, fill=colour)
            height += round(size * 1.5)


def _fitting(draw: ImageDraw, text: str, font: FreeTypeFont) -> str:
    """Return ``text``, cut with an ellipsis where it is wider than the card."""
    text, room = text[:200], _WIDTH - 2 * _MARGIN
    if draw.textlength(text, font=font) <= room:
        return text
    while text and draw.textlength(f"{text}...", font=font) > room:
        text = text[:-1]
    return f"{text}..."


@lru_cache(maxsize=16)
def _font_of(name: str, size: int) -> FreeTypeFont | None:
    from PIL import ImageFont

    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _font(text: str, size: int) -> FreeTypeFont | None:
    from PIL import ImageFont

    if all(ord(letter) < _LATIN for letter in text):
        return ImageFont.load_default(size)  # type: ignore[return-value]
    return next(filter(None, (_font_of(name, size) for name in _WIDE_FONTS)), None)


def _colours(palette: str) -> tuple[Colour, Colour]:
    """Return a dark ground and a light figure of the same family."""
    digest = bytes.fromhex(content_hash("palette", palette))
    red, green, blue = (digest[i] for i in range(3))
    dark = (24 + red // 5, 24 + green // 5, 24 + blue // 5)
    light = (128 + digest[3] // 2, 128 + digest[4] // 2, 128 + digest[5] // 2)
    return dark, light
