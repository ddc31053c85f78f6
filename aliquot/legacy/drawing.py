"""The draft of a map, drawn from a profile: what each column, test and word seems to mean, how sure that is, and why.

A draft is for a biologist to complete and sign. What nothing speaks for is left out, and would be parked.
"""

import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import TypeVar

import msgspec

from aliquot.lab.catalogue import Catalogue
from aliquot.lab.reference import Flag
from aliquot.legacy import dates, guesses, likeness
from aliquot.legacy import map as maps
from aliquot.legacy.map import Link, Map, Rule, Status
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.oldtests import OldTest
from aliquot.legacy.profile import Column, Profile, Table
from aliquot.terms.identity import Sex
from aliquot.terms.mandates import Scope

T = TypeVar("T")
Links = Mapping[str, Mapping[str, Link]]
_DATED = frozenset({"date"})
_PERSON = frozenset({Meaning.PATIENT_FAMILY, Meaning.PATIENT_BORN_ON})
_OF_A_VISIT = frozenset({Meaning.PATIENT_NUMBER} | {each for each in Meaning if each.startswith("dossier.")})
"""What a result may have to be told by others."""


_NUMBERS = frozenset({Meaning.PATIENT_NUMBER, Meaning.DOSSIER_NUMBER})
_KEY = maps.Column(Meaning.IGNORED, sure=100, reason="it leads to the row that has the number")


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    statuses: dict[Status, tuple[str, ...]]
    sexes: dict[Sex, tuple[str, ...]]
    flags: dict[Flag, tuple[str, ...]]


_WORDS = msgspec.convert(
    tomllib.loads(resources.files(__package__).joinpath("drawing.toml").read_text("utf-8")), _Words
)


class Draft(msgspec.Struct, frozen=True):
    """A map to be completed, and what nothing was proposed for: codes of tests and words, by where they stand."""

    drawn: Map
    open: tuple[str, ...]


class Place(msgspec.Struct, frozen=True):
    """What a draft cannot know: the mandate, the URI of the old numbers, the time zone, and our one site."""

    mandate: str
    system: str
    zone: str
    site: str


def draw(profile: Profile, scope: Scope, catalogue: Catalogue, place: Place) -> Draft:
    """The draft of a map, and what is left open in it."""
    columns = [column for table in profile.tables for column in table.columns]
    tests = [old for table in profile.tables for old in table.tests]
    statuses, no_status = _known(_codes(columns, Meaning.RESULT_STATUS), _WORDS.statuses)
    sexes, no_sex = _known(_codes(columns, Meaning.PATIENT_SEX), _WORDS.sexes)
    flags, no_flag = _known(_codes(columns, Meaning.RESULT_FLAG), _WORDS.flags)
    links = _links(profile)
    rules = [rule for old in tests for rule in _rules(old, catalogue)]
    drawn = Map(
        mandate=place.mandate,
        profile=profile.digest(),
        system=place.system,
        zone=place.zone,
        mark="either",
        tables=_tables(profile, scope, links),
        links=links,
        tests=tuple(sorted((rule for rule in rules if rule.test), key=_unsure_first)),
        units={unit.unit: known for old in tests for unit in old.units if (known := likeness.ucum(unit.unit))},
        statuses={"": "unknown", **statuses},
        sexes=sexes,
        flags=flags,
        sites=dict.fromkeys((*scope.sites, ""), place.site),
    )
    left = [f"tests.{rule.code} in {rule.unit or 'no unit'}" for rule in rules if not rule.test]
    words = {"statuses": no_status, "sexes": no_sex, "flags": no_flag}
    left += [f"{name}.{word}" for name, found in words.items() for word in found]
    others = {table.name for table in profile.tables} - {*drawn.tables} - _led_to(links)
    left += [f"tables.{name}, which has neither people nor results" for name in sorted(others)]
    return Draft(drawn, tuple(left))


def _links(profile: Profile) -> dict[str, dict[str, Link]]:
    """The links that the profile found, the surest first; none that would lead back to where it begins.

    Where both sides number their rows from 1, a key looks like a link to any other key.
    """
    found: dict[str, dict[str, Link]] = {}
    for each in sorted(profile.links, key=lambda link: link.orphans_per_mille):
        if each.table not in _reached(found, each.to):
            found.setdefault(each.table, {})[each.column] = Link(each.to, each.key)
    return {name: found[name] for name in sorted(found)}


def _led_to(links: Links) -> set[str]:
    """The tables to which links lead."""
    return {link.table for of in links.values() for link in of.values()}


def _reached(links: Links, table: str) -> set[str]:
    """A table, and those to which its links lead."""
    return {table}.union(*(_reached(links, link.table) for link in links.get(table, {}).values()))


def _tables(profile: Profile, scope: Scope, links: Links) -> dict[str, dict[str, maps.Column]]:
    """The columns of each table that has people or results; those of others stand where a link leads to them."""
    tables = {table.name: table for table in profile.tables}
    reached = _led_to(links)
    drawn: dict[str, dict[str, maps.Column]] = {}
    for name, table in tables.items():
        keys = {column.name for column in table.columns if _is_key(name, column, tables, links)}
        meanings = {column.guess.meaning for column in table.columns if column.name not in keys}
        somebodys = meanings >= _PERSON if name in reached else bool(meanings & _PERSON)
        if Meaning.RESULT_VALUE not in meanings and not somebodys:
            continue
        drawn[name] = {one.name: _KEY if one.name in keys else _column(one, scope) for one in table.columns}
        if Meaning.RESULT_VALUE in meanings:
            for path, column in _behind(name, tables, links):
                if column.guess.meaning in _OF_A_VISIT - meanings:
                    meanings.add(column.guess.meaning)
                    drawn[name][path] = _column(column, scope)
    return drawn


def _is_key(table: str, column: Column, tables: Mapping[str, Table], links: Links) -> bool:
    """Whether a column only leads to a row that has the number itself, in another of its columns."""
    link, meaning = links.get(table, {}).get(column.name), column.guess.meaning
    if link is None or meaning not in _NUMBERS or not guesses.is_key(column.name, meaning):
        return False
    return any(one.guess.meaning is meaning and one.name != link.of for one in tables[link.table].columns)


def _behind(table: str, tables: Mapping[str, Table], links: Links) -> Iterator[tuple[str, Column]]:
    """The columns to which links lead, the nearest first."""
    of = links.get(table, {})
    for column, link in of.items():
        there = tables[link.table].columns
        yield from (
            (f"{column}{maps.BEHIND}{one.name}", one) for one in there if not _is_key(link.table, one, tables, links)
        )
    for column, link in of.items():
        rest = {name: those for name, those in links.items() if name != table}
        yield from ((f"{column}{maps.BEHIND}{path}", one) for path, one in _behind(link.table, tables, rest))


def _unsure_first(rule: Rule) -> tuple[int, str]:
    return rule.sure, rule.code


def _column(column: Column, scope: Scope) -> maps.Column:
    guess = column.guess
    forms = tuple(dict.fromkeys(dates.day_of(each.what) for each in column.formats)) if column.kind in _DATED else ()
    kept = tuple(form for form in forms if not column.order or not form.startswith(_other(column.order)))
    latest = scope.until.year if any(form.count("y") == 2 for form in kept) else None
    return maps.Column(guess.meaning, kept if guess.meaning in maps.DATES else (), latest, guess.sure, guess.reason)


def _other(order: str) -> str:
    return dates.Order.MONTH_FIRST if order == dates.Order.DAY_FIRST else dates.Order.DAY_FIRST


def _rules(old: OldTest, catalogue: Catalogue) -> Iterator[Rule]:
    """A rule for each unit of an old code, with an empty test where nothing is like enough."""
    for unit in old.units:
        like = likeness.of(old, unit, catalogue)
        if like is None:
            yield Rule(old.code, "", unit.unit, sure=0)
            continue
        near = next(test.ucum for test in catalogue.tests if test.code == like.test)
        known = likeness.ucum(unit.unit, near) if unit.unit else ""
        yield Rule(old.code, like.test, unit.unit, ucum=known, sure=like.sure, reason=like.reason)


def _codes(columns: list[Column], meaning: Meaning) -> list[str]:
    return [each.what for column in columns if column.guess.meaning is meaning for each in column.codes]


def _known(written: list[str], words: Mapping[T, tuple[str, ...]]) -> tuple[dict[str, T], list[str]]:
    """What the words mean that are known, and those that are not."""
    meant = {word: meaning for meaning, known in words.items() for word in known}
    found = {word: meant[word.strip().upper()] for word in written if word.strip().upper() in meant}
    return found, [word for word in written if word not in found]
