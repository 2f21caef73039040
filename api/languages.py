"""The languages that people read: English is what the code says, the others are catalogues of it. Domain §§1, 6."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

DEFAULT = "nl"
LANGUAGES: Mapping[str, str] = {"nl": "Nederlands", "en": "English"}
"""Each in its own words."""
WRITTEN_IN = "en"
ZONE = "Europe/Amsterdam"
"""On whose clocks a sentence names a moment, where no location says another zone."""


class _Holes(dict[str, Any]):
    """A sentence with a hole that nothing fills is still a sentence."""

    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True)
class Language:
    """One of them: sentences, and how it writes days, times and numbers."""

    code: str

    def text(self, sentence: str, /, **holes: object) -> str:
        """The sentence as it is said in this language, its holes filled."""
        return self._said(sentence).format_map(self._filled(holes)) if sentence else ""

    def texts(self, one: str, several: str, n: int, /, **holes: object) -> str:
        """Of a number of things."""
        found = None if self.code == WRITTEN_IN else catalogue(self.code).get(one)
        forms = (found.string if found is not None else None) or (one, several)
        said = forms[0 if n == 1 else 1]
        return said.format_map(self._filled({"n": n, **holes}))

    def day(self, day: date, how: str = "d MMMM yyyy") -> str:
        return format_date(day, how, locale=self.locale)

    def time(self, at: datetime | time, how: str = "HH:mm") -> str:
        return format_time(at, how, locale=self.locale)

    def moment(self, at: datetime, how: str = "EEE d MMM yyyy HH:mm") -> str:
        """`at`: as it is shown there; nothing is converted here."""
        return format_datetime(at.replace(tzinfo=None), how, locale=self.locale)

    def number(self, number: float) -> str:
        return format_decimal(number, locale=self.locale)

    def money(self, cents: int) -> str:
        return format_currency(Decimal(cents) / 100, "EUR", locale=self.locale)

    @property
    def locale(self) -> Locale:
        return Locale.parse(self.code)

    def _said(self, sentence: str) -> str:
        if self.code == WRITTEN_IN:
            return sentence
        found = catalogue(self.code).get(sentence)
        said = found.string if found is not None else ""
        return said if isinstance(said, str) and said else sentence

    def _filled(self, holes: Mapping[str, object]) -> "_Holes":
        return _Holes({name: self._shown(value) for name, value in holes.items()})

    def _shown(self, value: object) -> str:
        match value:
            case datetime():
                return self.moment(value.astimezone(ZoneInfo(ZONE)))
            case date():
                return self.day(value)
            case set() | frozenset():
                return ", ".join(sorted(self._shown(one) for one in value))
            case list() | tuple():
                return ", ".join(self._shown(one) for one in value)
            case _:
                sentence = getattr(value, "sentence", None)
                return self._said(sentence) if isinstance(sentence, str) else str(value)


@cache
def catalogue(code: str) -> Catalog:
    """What a language says for each sentence; read once."""
    with files("api").joinpath("locale", f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


def language(code: str | None) -> Language:
    """The language of a culture code such as `nl-BE`; the default where it is none of ours."""
    short = (code or "").replace("_", "-").partition("-")[0].lower()
    return Language(short if short in LANGUAGES else DEFAULT)


def accepted(header: str) -> Language:
    """The first of ours that a browser asks for (`Accept-Language`)."""
    asked = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, weight = part.partition(";")
        quality = weight.strip().removeprefix("q=")
        asked.append((-_number(quality) if quality else -1.0, place, tag.strip()))
    for _, _, tag in sorted(asked):
        if tag.partition("-")[0].lower() in LANGUAGES:
            return language(tag)
    return language(None)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
