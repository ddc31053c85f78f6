"""The words of the invented laboratory: names nobody bears, towns that do not exist, comments, spellings."""

import tomllib
from importlib import resources

import msgspec


class _Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    absent: list[str]
    text: list[str]


class _People(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    users: list[tuple[str, str, str]]
    prescriber_starts: list[str]
    prescriber_ends: list[str]


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    towns: list[tuple[str, str, int]]
    family_middles: list[str]
    insurers: list[str]
    regimes: list[str]
    groups: list[tuple[str, str]]
    comments: list[str]
    result_comments: list[str]
    sensitive: dict[str, list[str]]
    typed: _Typed
    people: _People


class _Names(msgspec.Struct, frozen=True):
    female: list[str]
    male: list[str]
    family_starts: list[str]
    family_ends: list[str]
    streets: list[str]


WORDS = msgspec.convert(tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text("utf-8")), _Words)
NAMES = msgspec.convert(
    tomllib.loads(resources.files("aliquot.cli.demo").joinpath("names.toml").read_text("utf-8")), _Names
)
"""The demonstration's invented names: one list of them is enough."""
