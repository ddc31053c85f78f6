"""Closing: what was staged here is erased, a certificate says so, and two people sign it, which destroys the key.

The order, each step safe to be killed in and to be done again:
1. a list of what will be erased is durable before the first file goes;
2. the files go, what says whose they are last;
3. the certificate is durable, under its own digest;
4. two people sign the step `close` with that digest, and custody destroys the staging key in the same turn.
A key cannot be brought back, so it dies last: whoever signs has read what is gone. If nobody signs, it dies all the
same, 72 hours after the last signed step. The worker does it, for the loader ended with the cut-over.
A migration that was aborted, or whose time ran out, is certified too: what was destroyed, when, and who ended it.
Source: DOMAIN.md I9; CONTROLS D4; docs/manual/closing.md.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Protocol, TypeVar

import msgspec

from aliquot.access import acts, door, migrating
from aliquot.access.acts import ReadMigration
from aliquot.access.door import Actor
from aliquot.access.grant import Grant
from aliquot.custody import answers, steps
from aliquot.custody.steps import State, Step
from aliquot.legacy import staged
from aliquot.legacy.fates import Sums
from aliquot.legacy.staged import Erased, Staged
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.vault import mandate as mandates
from aliquot.vault import whole

S = TypeVar("S", bound=msgspec.Struct)
_EVIDENCE: Final = (Step.PROFILE, Step.MAP, Step.REHEARSE, Step.FINISH, Step.RECONCILE)
ENDED: Final = steps.OVER - {State.CLOSED}
"""Over without a signed certificate: the key died with the last step, or when time ran out."""


class Account(Protocol):
    """The account of the load that came to its end: what the step `finish` has the digest of."""

    @property
    def digest(self) -> str:
        """As it stands in history."""

    @property
    def sums(self) -> Sums:
        """The fate of every row."""


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the source: its rows, and how many ended in each bin."""

    table: str
    rows: int
    bins: dict[str, int]


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the laboratory's log reached when the certificate was made."""

    size: int
    root: str


class _List(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is erased, put down before the first file goes."""

    files: tuple[Erased, ...] = ()


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was moved, under whose signatures, and what was erased afterwards (I9). No value of anybody.

    `annex`, `scope` and `evidence` (by step) are SHA-256; `key` is that of the public staging key, whose private half
    custody destroys with the step that names this certificate, and at `key_dies_by` if nobody takes it. Of a migration
    that ended otherwise it was destroyed then, and of a load that did not come to its end there are no counts.
    """

    format: Literal["aqc1"]
    mandate: str
    organization: str
    purpose: str
    source: str
    annex: str
    scope: str
    loader: str
    signed_at: datetime
    patients: int
    tables: tuple[Counts, ...]
    evidence: dict[str, str]
    steps: tuple[answers.MigrationStep, ...]
    erased: tuple[Erased, ...]
    key: str
    key_dies_by: datetime
    made_at: datetime
    log: Position


@dataclass(frozen=True)
class Closer:
    """Who erases and certifies: the worker, in the laboratory that was moved."""

    actor: Actor
    mandate: Id
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Place:
    """Where a migration left something: the installation, and folders elsewhere that somebody names."""

    home: Path
    others: tuple[Path, ...] = ()

    def of(self, mandate: str) -> tuple[Staged, ...]:
        """What is still staged for a mandate."""
        return tuple(one for one in staged.found(self.home, self.others) if one.mandate == mandate)


def prepare(closer: Closer, place: Place, account: Account | None) -> Certificate:
    """Erase what is staged, and certify it; done again, it goes on where it stopped and gives the same certificate.

    Of a migration that is closed it gives the certificate that was signed; of one that ended otherwise it makes the
    certificate of that, which nobody signs. `account` is that of the load, where one came to its end.

    Raises:
        Refused: the migration is not cut over, the account is not the one that stands in history, a file could not be
            erased, there is no room to write the certificate, or the one that was signed is not here.
        Denial: custody does not let it.
    """
    told, mandate = state(closer), closer.mandate.hex()
    known = kept(place.home, mandate)
    if told.state == State.CLOSED:
        return _signed(told, known)
    _check(told, account)
    if known and known[-1].steps == told.steps and not place.of(mandate):
        return known[-1]
    erased = clear(place, mandate)
    account = account if account is not None and account.digest == _in_force(told, Step.FINISH) else None
    with _looking(closer) as grant:
        size, root = grant.reached
    made = certify(told, account, erased, (closer.clock(), Position(size, root.hex())))
    keep(place.home, made)
    return made


def state(closer: Closer) -> answers.Migration:
    """How far the migration is, as custody tells it now.

    Raises:
        Refused: it is not cut over yet, or this mandate moves no laboratory.
    """
    with _looking(closer) as grant:
        found = migrating.state(grant, closer.mandate)
    if not found:
        raise Refused("closing: this mandate moves no laboratory, or two people have not cut over yet")
    return found[0]


def clear(place: Place, mandate: str) -> tuple[Erased, ...]:
    """Erase what is staged for a mandate; the answer is everything that was, also by a clearing that was killed.

    Raises:
        Refused: there is no room for the list, and nothing was erased; or a file could not be erased.
    """
    there = place.of(mandate)
    found = note(place.home, mandate, there)
    left = [file for each in there for file in staged.erase(each)]
    if left:
        raise Refused(f"closing: {len(left)} file(s) could not be erased, the first is {left[0]}; see who owns it")
    return found


def note(home: Path, mandate: str, there: Sequence[Staged]) -> tuple[Erased, ...]:
    """Put down what is about to be erased, beside what was erased before; the answer is all of it.

    Raises:
        Refused: there is no room for the list, or a file cannot be read.
    """
    file = _folder(home, mandate) / staged.LISTED
    known = _decoded(file, _List).files if file.exists() else ()
    found = tuple(sorted({*known, *_listed(there, home)}))
    if found != known:
        _write(file, canonical.encode(_List(found)))
    return found


def certify(
    told: answers.Migration, account: Account | None, erased: Sequence[Erased], made: tuple[datetime, Position]
) -> Certificate:
    """The certificate of a migration that is cut over, or that ended otherwise. Pure."""
    raw = told.document.encode()
    signed = mandates.read(raw, mandates.key_of(raw))
    return Certificate(
        format="aqc1",
        mandate=told.id,
        organization=signed.organization,
        purpose=signed.purpose,
        source=signed.source,
        annex=signed.annex,
        scope=hashlib.sha256(canonical.encode(signed.scope)).hexdigest(),
        loader=signed.service,
        signed_at=signed.signed_at,
        patients=told.used,
        tables=_counts(account.sums) if account is not None else (),
        evidence={step.value: _in_force(told, step) for step in _EVIDENCE},
        steps=told.steps,
        erased=tuple(erased),
        key=hashlib.sha256(bytes.fromhex(signed.staging)).hexdigest(),
        key_dies_by=told.steps[-1].at if told.state in ENDED else told.deadline,
        made_at=made[0],
        log=made[1],
    )


def digest(certificate: Certificate) -> str:
    """What two people sign, and what the step `close` brings: SHA-256 over the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical.encode(certificate)).hexdigest()


def keep(home: Path, certificate: Certificate) -> Path:
    """Put a certificate down, under its own digest, whole and durable or not at all.

    Raises:
        Refused: there is no room.
    """
    file = _folder(home, certificate.mandate) / f"certificate-{digest(certificate)}.json"
    _write(file, canonical.encode(certificate))
    return file


def kept(home: Path, mandate: str) -> tuple[Certificate, ...]:
    """The certificates of a mandate, the last one last: a later one names also what was carried in meanwhile.

    Raises:
        Refused: one of them is not what was written.
    """
    found = [_read(file) for file in (home / staged.FOLDER / mandate).glob("certificate-*.json")]
    return tuple(sorted(found, key=lambda one: one.made_at))


def orphans(home: Path, living: Collection[str]) -> tuple[Staged, ...]:
    """What lies here for mandates that are over, or that nobody knows; `living` are those that stand."""
    return tuple(one for one in staged.found(home) if one.mandate not in living)


@contextmanager
def _looking(closer: Closer) -> Iterator[Grant[ReadMigration]]:
    meant = door.intent(closer.actor, closer.clock(), Purpose.HOPERAT)
    with door.enter(closer.actor, ReadMigration(acts.organization(closer.actor.org)), meant) as grant:
        yield grant


def _signed(told: answers.Migration, known: Sequence[Certificate]) -> Certificate:
    signed = next((one for one in known if digest(one) == _in_force(told, Step.CLOSE)), None)
    if signed is None:
        raise Refused("closing: the certificate that two people signed is not here")
    return signed


def _check(told: answers.Migration, account: Account | None) -> None:
    if told.state in ENDED:
        return
    if told.state != State.CUT_OVER:
        raise Refused(f"closing: the migration is {told.state}; it is closed once two people have cut over")
    if account is None:
        raise Refused(
            "closing: the account of the load is not here; `aliquot legacy finish` made it where the load ran"
        )
    if account.digest != _in_force(told, Step.FINISH):
        raise Refused("closing: this is not the account of the load that stands in history")


def _counts(sums: Sums) -> tuple[Counts, ...]:
    return tuple(
        Counts(table, rows, {bin_.value: found for bin_, found in sums.bins(table).items()})
        for table, rows in sums.rows.items()
    )


def _in_force(told: answers.Migration, step: Step) -> str:
    return next((one.evidence for one in reversed(told.steps) if one.step == step), "")


def _folder(home: Path, mandate: str) -> Path:
    folder = home / staged.FOLDER / mandate
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _listed(there: Sequence[Staged], home: Path) -> list[Erased]:
    try:
        return [one for each in there for one in staged.listed(each, home)]
    except OSError:
        raise Refused("closing: a staged file cannot be read, and nothing was erased; see who owns it") from None


def _write(file: Path, content: bytes) -> None:
    try:
        whole.write(file, content)
    except OSError:
        raise Refused(f"closing: {file.name} could not be written; make room and type it again") from None


def _read(file: Path) -> Certificate:
    if file.name != f"certificate-{hashlib.sha256(file.read_bytes()).hexdigest()}.json":
        raise Refused(f"closing: {file.name} is not what was written")
    return _decoded(file, Certificate)


def _decoded(file: Path, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except canonical.UNREADABLE:
        raise Refused(f"closing: {file.name} is not what was written") from None
