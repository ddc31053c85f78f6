"""E2: whoever is sent a support bundle, and looks for the patients in it.

Patients are planted in the base, and errors are forced with their names, values and numbers in the message, in the
query, in locals and in every field of the log; then a bundle is made, as a process of its own.
"""

import os
import secrets
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from django.db import Error, connection

from aliquot.cli.attack import population
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.seekers import Words
from aliquot.cli.demo.people import Person
from aliquot.cli.support.bundle import Bundle
from aliquot.legacy import map as maps
from aliquot.terms import events, ids
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.events import Event
from aliquot.terms.identity import Identifier, Identifiers
from aliquot.wire.hl7v2 import messages

_RUN = secrets.token_hex(3)
_STEMS = tuple(f"Zqs{_RUN}{what}" for what in ("family", "given", "street", "town", "number", "value"))
_WORDS = Words(_STEMS)
"""Every planted word begins with one of them."""
_ERRORS = (Refused, Broken, Error, ValueError, KeyError)
_FORCED = 40
"""Patients with whose words errors are forced."""


@dataclass(frozen=True)
class _Planted:
    """Words that stand in one dossier only."""

    number: int

    @property
    def words(self) -> tuple[str, ...]:
        """Family name, given name, street, town, file number, and the value of a result."""
        return tuple(f"{stem}{self.number:05d}" for stem in _STEMS)


def send_a_bundle(ground: Ground) -> Measured:
    """Plant, force errors, make a bundle, and look for every word in whatever came of it."""
    planted = [_Planted(number) for number in range(-(-ground.scale.opens // len(_STEMS)))]
    _register(ground, planted)
    log = ground.folder / f"{planted[0].words[0]}.log"
    log.write_text("\n".join(line for each in planted[:_FORCED] for line in _said(ground, each)))
    file = ground.folder / f"{planted[0].words[1]}.json"
    made = _supported(ground, log, file)
    raw = file.read_bytes() if file.exists() else b""
    hits = _WORDS.count(made.stdout) + _WORDS.count(made.stderr) + _WORDS.count(raw)
    told = _told(raw)
    real = _WORDS.count(log.read_bytes()) > len(planted) and made.returncode == 0 and told > len(_kinds())
    figure = f"{hits} of {len(_STEMS) * len(planted):,} planted words in {len(raw):,} bytes that tell {told} events"
    return Measured(figure, holds=hits == 0 and real)


def _register(ground: Ground, planted: list[_Planted]) -> None:
    own = [_person(person, each) for person, each in zip(_someone(ground), planted, strict=False)]
    population.bring(ground.world, ground.nord.org, "loader-of-planted", own)


def _someone(ground: Ground) -> Iterator[Person]:
    while True:
        yield from ground.sud.people


def _person(person: Person, planted: _Planted) -> Person:
    family, given, street, town, number, _ = planted.words
    replace = msgspec.structs.replace
    return replace(
        person,
        demography=replace(person.demography, family=family, given=(given,)),
        identifiers=Identifiers((Identifier("urn:planted", number),)),
        contact=replace(person.contact, lines=(street,), city=town),
    )


def _said(ground: Ground, planted: _Planted) -> Iterator[str]:
    """What a log may hold of one patient: forced errors as events and as they are printed, and events that lie."""
    now = ground.world.clock()
    for word in planted.words:
        for force in _FORCES:
            error = _forced(force, word)
            yield events.line(events.Failed.of(error), now)
            yield from traceback.format_exception(error)
        yield from (events.line(event, now) for event in _lies(word))


def _forced(force: Callable[[str], object], word: str) -> Exception:
    try:
        force(word)
    except _ERRORS as error:
        return error
    raise Broken("attack: an error was not forced")


def _query(word: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{word}"')  # noqa: S608  # it is meant to fail


def _lookup(word: str) -> str:
    return {"": ""}[word]


_FORCES: tuple[Callable[[str], object], ...] = (
    _query,
    _lookup,
    ids.parse,
    lambda word: messages.parse(f"PID|1||{word}\r".encode()),
    lambda word: msgspec.json.decode(f'{{"resourceType":"Patient","name":"{word}"'),
    lambda word: msgspec.json.decode(f'{{"resourceType":"Patient","name":"{word}"}}', type=Bundle),
    lambda word: maps.parse(f'mandate = "{word}'),
)
"""A query, a look-up, an identifier, an HL7 message, two FHIR resources and a map, none of which can be read."""


def _lies(word: str) -> Iterator[Event]:
    """Every event of the list, with the word wherever a word can stand."""
    for kind in _kinds():
        said: dict[str, object] = {"event": kind.__struct_config__.tag}
        for field in msgspec.structs.fields(kind):
            choices = getattr(field.type, "__args__", ())
            said[field.name] = choices[0] if choices else 1 if field.type is int else word
        yield msgspec.convert(said, kind)


def _kinds() -> list[type[Event]]:
    return Event.__subclasses__()


def _supported(ground: Ground, log: Path, file: Path) -> subprocess.CompletedProcess[bytes]:
    words = ("support", "--home", str(ground.world.home), "--events", str(log), "--to", str(file), "--show")
    return subprocess.run(
        [sys.executable, "-m", "aliquot.cli.main", *words],
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        capture_output=True,
        check=False,
    )


def _told(raw: bytes) -> int:
    return len(msgspec.json.decode(raw, type=Bundle).events) if raw else 0
