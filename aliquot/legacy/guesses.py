"""What a column may mean, how sure that is and why: from its name, its cells and what standards call it.

A guess decides nothing: it fills in the draft of a map that a biologist completes.
"""

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from importlib import resources

import msgspec

from aliquot.legacy.meanings import Meaning
from aliquot.legacy.tallies import Tally

LEAST = 35
"""Below this many percent nothing is guessed."""

_NAMED, _WITHIN, _HINTED, _EXACT = 75, 55, 30, 97
_TABLE, _FITTING = 10, 10
_KEY = 25
"""A key that the old system gave its own rows yields to the number that stands on a report, where there is one."""
_MISFIT = 4
_NOT_OF_PEOPLE = 3
"""Whatever the word and the cells of a column, a table that is called after people has no results."""
_SURE = 99
_ENOUGH = 0.5
_COMMON = 4
"""One in four names is among the commonest, where all are names."""
_REGISTERS = re.compile(r"med|usr|user|util|staff|sit(es?)?$|ses|provider|care_site|location|log")
_PEOPLE = re.compile(r"pat|person|people|malade")
_NOTHING = re.compile(r"(?!)")
_SAID = {
    "nir": "are national numbers",
    "given": "are common given names",
    "family": "are common surnames",
    "sex": "are words for a sex",
    "title": "are titles",
    "phone": "are telephone numbers",
    "mobile": "are mobile telephone numbers",
    "postcode": "are five digits, as a postcode",
    "unit": "are units",
    "flag": "are flags",
    "status": "are words for a status",
    "yes": "say yes or no",
    "specimen": "are specimens",
    "loinc": "have the form of a LOINC code",
    "long": "are sentences",
}


class Guess(msgspec.Struct, frozen=True):
    """A meaning, how sure it is in percent, and why, in words that quote no cell."""

    meaning: Meaning
    sure: int
    reason: str


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: tuple[str, ...]
    hints: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ()
    traits: dict[str, int] = {}
    table: str = ""
    exact: tuple[str, ...] = ()


def _any(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(words)) if words else _NOTHING


_RULES = {
    meaning: (rule, _any(rule.names), _any(rule.hints), _any(rule.keys))
    for meaning, rule in msgspec.convert(
        tomllib.loads(resources.files(__package__).joinpath("guesses.toml").read_text("utf-8")), dict[Meaning, _Rule]
    ).items()
}


def of(table: str, columns: Sequence[str], tallies: Sequence[Tally]) -> tuple[Guess, ...]:
    """The guess for each column of a table. One meaning that should stand once is left to the surest column."""
    prefix = _prefix(columns)
    ranked = [
        _ranked(table, column, column.removeprefix(prefix), tally)
        for column, tally in zip(columns, tallies, strict=True)
    ]
    taken: dict[Meaning, int] = {}
    for place in sorted(range(len(columns)), key=lambda place: -ranked[place][0].sure):
        first = ranked[place][0]
        while first.meaning in taken and first.meaning in _ONCE:
            ranked[place] = ranked[place][1:] or [_ignored(first.sure)]
            first = ranked[place][0]
        taken.setdefault(first.meaning, place)
    return tuple(guesses[0] for guesses in ranked)


def is_key(column: str, meaning: Meaning) -> bool:
    """Whether the name of a column says a key that only the old system knows, instead of a number that people know."""
    _, _, _, keys = _RULES[meaning]
    return _named(_plain(column), keys, _NOTHING)[0] > 0


def _ranked(table: str, column: str, bare: str, tally: Tally) -> list[Guess]:
    found = sorted(_all(table, column, bare, tally), key=lambda guess: (-guess.sure, guess.meaning))
    return [*found, _ignored(found[0].sure if found else 0)]


def _all(table: str, column: str, bare: str, tally: Tally) -> list[Guess]:
    guesses = []
    register = _REGISTERS.search(_plain(table)) is not None
    people = _PEOPLE.search(_plain(table)) is not None
    for meaning, (rule, names, hints, _) in _RULES.items():
        if column in rule.exact:
            guesses.append(Guess(meaning, _EXACT, "the standard says so"))
            continue
        sure, why = _named(_plain(bare), names, hints)
        if sure and is_key(bare, meaning):
            sure, why = sure - _KEY, "the name says a key of it"
        fits = re.search(rule.table, _plain(table)) if rule.table else None
        sure += _TABLE if sure and fits else 0
        told, because = _told(rule, tally)
        sure, why = _agreed(rule, tally, sure, why)
        both = round(100 - (100 - sure) * (100 - told) / 100)
        if people and meaning.startswith("result.") and not fits:
            both //= _NOT_OF_PEOPLE
        elif register and not fits:
            both //= 2
        if both >= LEAST:
            guesses.append(Guess(meaning, min(both, _SURE), "; ".join(filter(None, (why, because)))))
    return guesses


def _named(name: str, names: re.Pattern[str], hints: re.Pattern[str]) -> tuple[int, str]:
    if names.fullmatch(name):
        return _NAMED, "the name says it"
    parts = name.split("_")
    if any(
        names.fullmatch("_".join(parts[at:])) or names.fullmatch("_".join(parts[:-at])) for at in range(1, len(parts))
    ):
        return _WITHIN, "a part of the name says it"
    return (_HINTED, "the name suggests it") if hints.fullmatch(name) else (0, "")


def _told(rule: _Rule, tally: Tally) -> tuple[int, str]:
    """What the cells tell by themselves."""
    best, said = 0, ""
    for trait, weight in rule.traits.items():
        share = tally.close.share(trait)
        counted = min(1.0, share * _COMMON) if trait in ("given", "family") else share
        if round(counted * weight) > best:
            best, said = round(counted * weight), f"{round(100 * share)} % of the cells looked at {_SAID[trait]}"
    if rule.sorts and tally.examined and _fitting(rule, tally) < _ENOUGH:
        return 0, ""
    return best, said


def _agreed(rule: _Rule, tally: Tally, sure: int, why: str) -> tuple[int, str]:
    """Whether cells are of the sort that the name promises."""
    if not sure or not rule.sorts or not tally.examined:
        return sure, why
    share = _fitting(rule, tally)
    if share < _ENOUGH:
        return sure // _MISFIT, f"{why}, but the cells are of another kind"
    return sure + round(_FITTING * share), f"{why} and the cells fit"


def _fitting(rule: _Rule, tally: Tally) -> float:
    return sum(times for sort, times in tally.sorts.items() if sort in rule.sorts) / tally.examined


def _ignored(best: int) -> Guess:
    return Guess(Meaning.IGNORED, 100 - best, "nothing speaks clearly for a meaning")


def _prefix(columns: Sequence[str]) -> str:
    """What the columns of a table have before their names, as `PA_` in `PA_NOM`."""
    beginnings = [column.split("_")[0] + "_" for column in columns if "_" in column and column.index("_") <= 3]
    for beginning in beginnings:
        if beginnings.count(beginning) > max(2, 0.6 * len(columns)):
            return beginning
    return ""


def _plain(name: str) -> str:
    """Small letters, no accents, parts joined by underscores."""
    parted = unicodedata.normalize("NFD", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())
    kept = "".join(sign for sign in parted if not unicodedata.combining(sign))
    return re.sub(r"[^a-z0-9]+", "_", kept).strip("_")


_ONCE = frozenset(Meaning) - {
    Meaning.IGNORED,
    Meaning.PATIENT_ADDRESS,
    Meaning.PATIENT_GIVEN,
    Meaning.PATIENT_NOTE,
    Meaning.PATIENT_PHONE,
    Meaning.RESULT_COMMENT,
}
