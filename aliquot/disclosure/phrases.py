"""What the laboratory's papers say around their results, in the language in which they are issued."""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import msgspec

from aliquot.terms.errors import Refused

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_REPORTED = re.compile(r"(?P<comparator><=|>=|<|>|)(?P<number>-?\d+(\.\d+)?) (?P<unit>\S+)( (?P<flag>\S+))?")
_COMPARATORS = {"": "", "<": "< ", "<=": "≤ ", ">=": "≥ ", ">": "> "}
_NO_BREAK = "\u00a0"


class Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language. `words` and `certificate` are always there; other tables may not know the code that is asked."""

    words: dict[str, str]
    status: dict[str, str]
    sex: dict[str, str]
    flags: dict[str, str]
    absent: dict[str, str]
    sections: dict[str, str]
    specimens: dict[str, str]
    tubes: dict[str, str]
    defects: dict[str, str]
    roles: dict[str, str]
    priorities: dict[str, str]
    units: dict[str, str]
    certificate: dict[str, str]


@cache
def _languages() -> dict[str, Phrases]:
    text = resources.files("aliquot.disclosure").joinpath("phrases.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Phrases])


def of(language: str) -> Phrases:
    """The phrases of one language.

    Raises:
        Refused: no report can be issued in this language.
    """
    found = _languages().get(language)
    if found is None:
        raise Refused("laboratory.language: a report is issued in French (fr) or English (en)")
    return found


def named(table: Mapping[str, str], text: str) -> str:
    """The word for a code, or the text itself where the laboratory wrote a word of its own."""
    return table.get(text, text)


def number(value: Decimal, language: str) -> str:
    """A decimal as it is read: every digit that was reported, trailing zeros too; a comma in French."""
    text = format(value, "f").replace("-", "−")
    return text.replace(".", ",") if language == "fr" else text


def decimal(text: str, language: str) -> str:
    """A bound of a reference range, kept as decimal text, as it is read."""
    return number(Decimal(text), language) if text else ""


def compared(comparator: str, value: Decimal, language: str) -> str:
    """A measured number with its comparator."""
    return _COMPARATORS[comparator] + number(value, language)


def unit(ucum: str, phrases: Phrases) -> str:
    """A UCUM unit as it is printed (`10*9/L` as 10⁹/L). What is not known here is printed as UCUM writes it."""
    text = ucum
    for code, word in phrases.units.items():
        text = text.replace(code, word)
    text = re.sub(r"10[*^](-?\d+)", lambda power: "10" + power[1].translate(_SUPERSCRIPT), text)
    text = re.sub(r"\bu(?=(mol|g|L|kat|U)\b)", "µ", text)
    return re.sub(r"^\{(\w+)\}$", r"\1", text)


def reported(text: str, language: str) -> str:
    """A value with its unit and flag that a version keeps in words of no language (`<3.4 mg/L H`), as it is read."""
    says = of(language)
    said = _REPORTED.fullmatch(text)
    if said is None:
        return text
    value = compared(said["comparator"], Decimal(said["number"]), language)
    flag = said["flag"] or ""
    meaning = named(says.flags, flag)
    shown = f"{value}{_NO_BREAK}{unit(said['unit'], says)}"
    return f"{shown} ({meaning})" if meaning else shown


def day(value: date, language: str) -> str:
    """A date; the month is a word in English, because 03/04 is two days in that language."""
    return value.strftime("%d/%m/%Y") if language == "fr" else f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def instant(value: datetime, time_zone: str, language: str) -> str:
    """An instant at the laboratory's own time, with the distance to UTC, so that no clock change makes it unclear."""
    local = value.astimezone(ZoneInfo(time_zone))
    minutes = int((local - value.astimezone(UTC).replace(tzinfo=local.tzinfo)).total_seconds()) // 60
    sign = "+" if minutes >= 0 else "−"
    rest = f":{abs(minutes) % 60:02d}" if minutes % 60 else ""
    zone = f"UTC{sign}{abs(minutes) // 60}{rest}"
    return f"{day(local.date(), language)} {local:%H:%M} {zone}".replace(" ", _NO_BREAK)


def age(born_on: date, at: date) -> int:
    """Whole years at a date."""
    return at.year - born_on.year - ((at.month, at.day) < (born_on.month, born_on.day))


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
