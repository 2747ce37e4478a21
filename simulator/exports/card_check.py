"""Whether a file is a character card that other programs will load: ``sixhop check-card``.

Reads JSON, PNG (the chunks ``chara`` and ``ccv3``) and CHARX. The rules are those of the Character Card V2 and V3
specifications: every key that must be there, of its type; unknown keys are allowed and kept.
"""

from __future__ import annotations

import base64
import binascii
import zipfile
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from simulator.errors import ExportError, InputError, install

__all__ = ["CardReport", "check_card"]

_MOST_BYTES = 64 * 2**20
_PNG = b"\x89PNG\r\n\x1a\n"
_ZIP = b"PK\x03\x04"


class _Loose(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _Entry(_Loose):
    keys: list[str]
    content: str
    extensions: dict[str, Any]
    enabled: bool
    insertion_order: int | float


class _EntryV3(_Entry):
    use_regex: bool


class _Book(_Loose):
    extensions: dict[str, Any]
    entries: list[_Entry]


class _BookV3(_Loose):
    extensions: dict[str, Any]
    entries: list[_EntryV3]


class _Data(_Loose):
    name: Annotated[str, StringConstraints(min_length=1)]
    description: str
    personality: str
    scenario: str
    first_mes: str
    mes_example: str
    creator_notes: str
    system_prompt: str
    post_history_instructions: str
    alternate_greetings: list[str]
    tags: list[str]
    creator: str
    character_version: str
    extensions: dict[str, Any]
    character_book: _Book | None = None

    @field_validator("name")
    @classmethod
    def _named(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("the name is blank, which no program accepts")
        return value


class _Asset(_Loose):
    type: str
    uri: str
    name: str
    ext: str


class _DataV3(_Data):
    group_only_greetings: list[str]
    assets: list[_Asset] = Field(default_factory=list)
    nickname: str | None = None
    source: list[str] | None = None
    creation_date: int | float | None = None
    character_book: _BookV3 | None = None  # type: ignore[assignment]


class _V2(_Loose):
    spec: Literal["chara_card_v2"]
    spec_version: Literal["2.0"]
    data: _Data


class _V3(_Loose):
    spec: Literal["chara_card_v3"]
    spec_version: Annotated[str, StringConstraints(pattern=r"^3\.\d+$")]
    data: _DataV3


class CardReport(BaseModel):
    """What a file holds.

    Attributes:
        container: ``json``, ``png`` or ``charx``.
        cards: The specifications of the cards found, e.g. ``chara_card_v2``.
        name: The character's name.
        problems: What is wrong, each with its place in the card; none: programs will load it.
    """

    container: Literal["json", "png", "charx"]
    cards: list[str]
    name: str = ""
    problems: list[str] = []


def check_card(file: Path) -> CardReport:
    """Return what ``file`` holds and what is wrong with it.

    Raises:
        InputError: The file cannot be read, is too large, or is none of the three containers.
        ExportError: It is a picture and Pillow, which reads pictures, is not installed.
    """
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise InputError(f"{str(file)!r} has over {_MOST_BYTES >> 20} MiB; no character card has")
        head = file.open("rb").read(8)
    except OSError as error:
        raise InputError(f"{str(file)!r} cannot be read: {error.strerror}") from error
    if head == _PNG:
        return _judged("png", _from_png(file), file)
    if head.startswith(_ZIP):
        return _judged("charx", _from_charx(file), file)
    return _judged("json", [("the file", file.read_bytes())], file)


def _from_png(file: Path) -> list[tuple[str, bytes]]:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ExportError(f"pictures need Pillow; {install('pillow')}") from error
    try:
        with Image.open(file) as picture:
            picture.load()
            texts = dict(picture.info)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise InputError(f"{str(file)!r} is a damaged picture: {error}") from error
    found = [(f"chunk {key!r}", str(texts[key])) for key in ("ccv3", "chara") if key in texts]
    if not found:
        raise InputError(f"{str(file)!r} is a picture without a card: it has no tEXt chunk 'chara' or 'ccv3'")
    try:
        return [(place, base64.b64decode(text, validate=True)) for place, text in found]
    except (binascii.Error, ValueError) as error:
        raise InputError(f"{str(file)!r}: {found[0][0]} is not base64: {error}") from error


def _from_charx(file: Path) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(file) as archive:
            entry = archive.getinfo("card.json")
            if entry.file_size > _MOST_BYTES:
                raise InputError(f"{str(file)!r}: card.json has over {_MOST_BYTES >> 20} MiB; no character card has")
            return [("card.json", archive.read(entry))]
    except KeyError as error:
        raise InputError(f"{str(file)!r} is a ZIP without 'card.json' at its root; a CHARX has one") from error
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise InputError(f"{str(file)!r} is a damaged ZIP: {error}") from error


def _judged(container: Literal["json", "png", "charx"], bodies: list[tuple[str, bytes]], file: Path) -> CardReport:
    report = CardReport(container=container, cards=[])
    for place, body in bodies:
        try:
            card = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise InputError(f"{str(file)!r}: {place} is not JSON: {error}") from error
        if not isinstance(card, dict) or card.get("spec") not in ("chara_card_v2", "chara_card_v3"):
            got = card.get("spec") if isinstance(card, dict) else type(card).__name__
            report.problems.append(f"{place}: spec is {got!r}; 'chara_card_v2' or 'chara_card_v3' is read everywhere")
            continue
        report.cards.append(card["spec"])
        report.problems += [f"{place}: {problem}" for problem in _problems(card)]
        name = card["data"].get("name") if isinstance(card.get("data"), dict) else ""
        report.name = report.name or (name if isinstance(name, str) else "")
    return report


def _problems(card: dict[str, Any]) -> list[str]:
    model = _V2 if card["spec"] == "chara_card_v2" else _V3
    try:
        model.model_validate(card)
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, one['loc']))}: {'is missing' if one['type'] == 'missing' else one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        ]
    return []
