"""A2 to A4: whoever has the disks, and what keys they come with."""

import ast
import hashlib
import hmac
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import aliquot
from aliquot.access import rows
from aliquot.access.rows import Stored
from aliquot.cli.attack import plan, unwrapped
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.population import House
from aliquot.cli.attack.seekers import Words
from aliquot.cli.scratch import PASSPHRASE
from aliquot.terms import canonical
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Id, Org
from aliquot.terms.installation import Custody
from aliquot.terms.kinds import Harm, Kind
from aliquot.vault.errors import Unopenable
from aliquot.vault.keyring import Keyring
from aliquot.vault.keys import LabKek, PatientKey
from aliquot.vault.keystore import INSTALLATION
from aliquot.vault.record import Address, Sealed, Sealer

_NONCE = slice(6, 18)
_GUESSES = ("aliquot", "password", "laboratoire", "P@ssw0rd", "azerty123456", "000000000000", "administrator")
_PLANTED = 20
_STANDARD = {("factors.py", "SHA1")}
"""One-time codes are HMAC-SHA-1 in every authenticator app (RFC 6238); HMAC does not rest on collisions."""
_WEAK = {"md5", "sha1", "MD5", "SHA1", "ECB", "ARC4", "TripleDES", "Blowfish", "IDEA", "CAST5", "SEED"}


def whole_base(ground: Ground) -> Measured:
    """A superuser's dump of the record database, searched for everybody; and the processes without the custodian."""
    hits = Words(_words(ground)).count(ground.dump())
    opened = _guess(ground)
    ground.world.custodian.stop()
    try:
        statuses = [_starts(ground.world.home, command) for command in ("web", "work")]
    finally:
        ground.world.custodian.start()
    refused = sum(status not in {0, None} for status in statuses)
    figure = f"{hits} words and {opened} fields read; {refused} of {len(statuses)} processes refuse to start"
    return Measured(figure, holds=hits == opened == 0 and refused == len(statuses))


def one_laboratory(ground: Ground) -> Measured:
    """All secrets of one laboratory, against the dumps of both, by every key against every row."""
    custody = ground.world.installation.custody
    store = Keyring.unlock(custody.keyring, PASSPHRASE, allow_weak=True)
    opened = {
        house.org: _opened(custody, house, unwrapped.keks(custody, store, ground.nord.org)) for house in _both(ground)
    }
    laboratories = sum(count > 0 for count in opened.values())
    vendor = sum(_opened(custody, house, unwrapped.keks(custody, store, INSTALLATION)) for house in _both(ground))
    figure = f"{laboratories} of 2 laboratories open; {vendor} rows open with the installation's own root"
    return Measured(figure, holds=laboratories == 1 and opened[ground.nord.org] > 0 and vendor == 0)


def numbers_in_the_index(ground: Ground) -> Measured:
    """Every national number that exists, against the index; the nonces of many seals; the primitives in the source."""
    tokens = _tokens(ground)
    matches = sum(guess in tokens for number in _numbers(ground) for guess in _plain(number))
    reused = _reused(ground.scale.nonces) + _reused_in(ground)
    weak = sum(1 for _ in _weak_words())
    figure = f"{matches} matches in {len(tokens):,} tokens; {reused} nonces twice; {weak} weak primitives"
    return Measured(figure, holds=matches == reused == weak == 0 and bool(tokens))


def _both(ground: Ground) -> tuple[House, House]:
    return ground.nord, ground.sud


def _words(ground: Ground) -> Iterator[str]:
    """What must not be readable: names, numbers, addresses of some of the patients, as the desk was told them."""
    for house in _both(ground):
        for person in house.people[:_PLANTED]:
            yield from (person.national_number, person.contact.email, person.demography.family, *person.contact.lines)


def _guess(ground: Ground) -> int:
    """Try the passphrases that people choose; how many rows open is none if none fits."""
    opened = 0
    for guess in _GUESSES:
        try:
            Keyring.unlock(ground.world.installation.custody.keyring, guess, allow_weak=True)
        except Refused:
            continue
        opened += 1
    return opened


def _starts(home: Path, command: str) -> int | None:
    """The exit status of a process that is started without a custodian; nothing if it goes on."""
    environment = {key: value for key, value in os.environ.items() if key not in {"DJANGO_SETTINGS_MODULE"}}
    started = [sys.executable, "-m", "aliquot.cli.main", command, "--home", str(home)]
    try:
        return subprocess.run(started, env=environment, capture_output=True, timeout=20, check=False).returncode
    except subprocess.TimeoutExpired:
        return None


def _opened(custody: Custody, house: House, keks: list[LabKek]) -> int:
    """How many of a laboratory's rows open with these keys, whatever row each wrapped key says it is of."""
    keys = unwrapped.subjects(custody, house.org, keks)
    stored = rows.of_subjects(house.patients, (Kind.DEMOGRAPHY, Kind.IDENTIFIERS))
    return sum(one.subject in keys and _opens(keys[one.subject], house.org, one) for one in stored)


def _opens(key: PatientKey, org: Org, one: Stored) -> bool:
    row = one.row
    deciding = canonical.deciding(row.state, row.parents)
    try:
        Sealer(key, 1).open(
            Address(org, one.subject, row.kind, Id(row.id), row.version, deciding), row.schema, Sealed(row.sealed)
        )
    except (Unopenable, Broken):
        return False
    return True


def _tokens(ground: Ground) -> set[int]:
    from aliquot.record.models import Token

    return set(Token.objects.values_list("token", flat=True))


def _numbers(ground: Ground) -> Iterator[str]:
    for house in _both(ground):
        for person in house.people:
            yield from (person.national_number, person.national_number[:13], person.file_number)


def _plain(number: str) -> Iterator[int]:
    """The number under every hash that needs no secret, keyed with everything that is public."""
    raw = number.encode()
    public = (b"", b"aliquot", b"nir", b"file", *plan.SITES, *(org.hex().encode() for org in plan.SITES))
    digests = [hashlib.new(name, key + raw).digest() for name in _HASHES for key in public]
    digests += [hmac.digest(key or bytes(32), raw, name) for name in _HASHES for key in public]
    for digest in digests:
        yield from (int.from_bytes(digest[:8], order, signed=True) for order in _ORDERS)


def _reused(seals: int) -> int:
    """How many of so many seals under one patient's key share a nonce."""
    sealer = Sealer(PatientKey.generate(), 1)
    address = Address(plan.NORD, Id(bytes(16)), Kind.NOTE, Id(bytes(16)), 1, canonical.deciding("known", ()))
    return seals - len({sealer.seal(address, Harm.NORMAL, 1, b"{}")[_NONCE] for _ in range(seals)})


def _reused_in(ground: Ground) -> int:
    stored = rows.of_subjects(ground.nord.patients, tuple(Kind))
    return len(stored) - len({one.row.sealed[_NONCE] for one in stored})


def _weak_words() -> Iterator[str]:
    """Names of weak primitives that our source calls."""
    for file in sorted(Path(aliquot.__file__).parent.rglob("*.py")):
        if "attack" not in file.parts:
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Attribute) and node.attr in _WEAK and (file.name, node.attr) not in _STANDARD:
                    yield node.attr


_HASHES = ("md5", "sha1", "sha256", "sha512", "blake2b")
_ORDERS: tuple[Literal["big", "little"], ...] = ("big", "little")
