"""Records leave: patient by patient they are opened, written as FHIR and sealed at once, for one receiver.

Nothing in clear touches a disk, and nothing but the sealed bundle comes out. A run that was killed goes on after the
last whole block of patients. Format: docs/formats/exit.md.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final, TypeGuard

import msgspec

from aliquot.access import exporting, rows
from aliquot.access.acts import ExportDossier
from aliquot.access.exporting import Leave, Signer
from aliquot.access.grant import Grant, Record
from aliquot.access.rows import Stored
from aliquot.custody.answers import Export
from aliquot.custody.denial import Denial
from aliquot.disclosure import extract
from aliquot.disclosure.resources import Resource
from aliquot.lab.catalogue import Catalogue
from aliquot.terms import canonical
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.vault import bundle, carrying, mandate
from aliquot.vault.carrying import Piece, Terms
from aliquot.vault.letterbox import SlotKey
from aliquot.vault.mandate import MandateDocument

PATIENTS: Final = 100
"""How many patients make a block: what a run loses at most when it is killed."""
_AT_ONCE = 25
"""Patients that are entered together."""
_ROWS_AT_ONCE = 400
_GONE = frozenset({"shredded", "unknown-subject"})
"""A patient who was listed and was erased since."""


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a part says of itself, in clear: what it holds, and which patients of the list by their places."""

    holds: str
    after: int = 0
    upto: int = 0


class Counts(msgspec.Struct, forbid_unknown_fields=True):
    """What one block, or all of them, came to. `broken` records and `missing` rows are not what was kept."""

    patients: int = 0
    gone: int = 0
    broken: int = 0
    missing: int = 0
    resources: dict[str, int] = {}

    def add(self, other: "Counts") -> None:
        """Count a block among all."""
        self.patients += other.patients
        self.gone += other.gone
        self.broken += other.broken
        self.missing += other.missing
        self.resources = dict(Counter(self.resources) + Counter(other.resources))


class Done(msgspec.Struct, forbid_unknown_fields=True):
    """What is sealed already: what each block came to, by its number."""

    blocks: dict[int, Counts] = {}


@dataclass
class Departure:
    """One export: under which leave, what was signed, into which folder, and what is done of it.

    `settled` is called after each block, to write down how far it is.
    """

    leave: Leave
    told: Export
    folder: Path
    done: Done = field(default_factory=Done)
    settled: Callable[[Done], None] = field(default=lambda _: None)

    def __post_init__(self) -> None:
        """What the receiving side signed says for whom to seal."""
        raw = self.told.receiver.encode()
        self._receiver: MandateDocument = mandate.read(raw, mandate.key_of(raw))
        self._slots: list[SlotKey] = [bundle.slot(self._receiver.staging)]
        self._signer = Signer(self.leave, self.told.sender, self.folder / carrying.HEADER)

    def take(self, leave: Leave) -> None:
        """Go on in another session."""
        self.leave, self._signer = leave, replace(self._signer, leave=leave)

    def seal(self, says: Catalogue, renew: Callable[[], None] = lambda: None) -> Counts:
        """Seal everything that the mandate names; the answer is what it came to.

        `renew` is called before each block, to begin a new session where the old one grows old.

        Raises:
            Denial: custody says no: the mandate is over.
            Refused: the folder holds another bundle.
        """
        now = self.leave.clock()
        until = min(self.told.until, self._receiver.until, now + bundle.LONGEST)
        terms = Terms(bytes.fromhex(self._receiver.id), now, until)
        carrying.begin(self.folder, terms, self._slots, self._signer)
        whole = frozenset(carrying.finished(self.folder))
        if 1 not in whole:
            with self._part(1, Label("catalogue")) as part:
                _write(part, extract.catalogue(says))
        listed = list(exporting.listed(self.leave))
        blocks = [listed[start : start + PATIENTS] for start in range(0, len(listed), PATIENTS)]
        due = [n for n in range(len(blocks)) if n not in self.done.blocks or not {2 + 2 * n, 3 + 2 * n} <= whole]
        last = 2 + 2 * len(blocks)
        if due:
            self._drop(last)
        for number in due:
            renew()
            self._block(number, blocks[number])
        return self._close(last, now)

    def _block(self, number: int, block: Sequence[Id]) -> None:
        # What was in force when one part was sealed may be superseded by now: the two are of one reading, or neither.
        self._drop(2 + 2 * number)
        self._drop(3 + 2 * number)
        places = number * PATIENTS, number * PATIENTS + len(block)
        counts = Counts()
        with (
            self._part(2 + 2 * number, Label("latest", *places)) as latest,
            self._part(3 + 2 * number, Label("earlier", *places)) as earlier,
        ):
            for start in range(0, len(block), _AT_ONCE):
                for found in self._opened(block[start : start + _AT_ONCE], counts):
                    _write(latest, found.latest, counts)
                    _write(earlier, found.earlier, counts)
        self.done.blocks[number] = counts
        self.settled(self.done)

    def _opened(self, patients: Sequence[Id], counts: Counts) -> Iterator[extract.Extract]:
        with self.leave.opening_each(patients) as outcomes:
            grants = [outcome for outcome in outcomes if _came(outcome, counts)]
            opened = self._read(grants, counts)
            histories = exporting.histories(grants) if self.told.history else [()] * len(grants)
        words = Kind.COMMENT.name.lower() in self.told.kinds
        for grant, records, history in zip(grants, opened, histories, strict=True):
            counts.patients += 1
            counts.broken += sum(record.broken for record in records)
            yield extract.patient(grant.act.subject, records, history, words=words)

    def _read(self, grants: Sequence[Grant[ExportDossier]], counts: Counts) -> list[list[Record]]:
        """Every version of the kinds of the mandate, for each grant; a few hundred rows in one exchange."""
        kinds = [Kind[name.upper()] for name in self.told.kinds]
        stored: dict[Id, list[Stored]] = {grant.act.subject: [] for grant in grants}
        for one in rows.of_subjects([*stored], kinds):
            stored[one.subject].append(one)
        found: list[list[Record]] = []
        for grant in grants:
            own, records, missing = stored[grant.act.subject], list[Record](), 0
            for start in range(0, max(len(own), 1), _ROWS_AT_ONCE):
                records += grant.read(own[start : start + _ROWS_AT_ONCE], history=True, whole=True)
                missing = max(missing, grant.missing)
            counts.missing += missing
            found.append(records)
        return found

    def _close(self, last: int, now: datetime) -> Counts:
        total = Counts()
        for counts in self.done.blocks.values():
            total.add(counts)
        if not carrying.path_of(self.folder, last).exists():
            with self._part(last, Label("manifest")) as part:
                part.write(canonical.encode(self._manifest(total, now)) + b"\n")
        carrying.close(self.folder, self._signer)
        return total

    def _manifest(self, total: Counts, now: datetime) -> dict[str, canonical.Json]:
        """What was named, what it came to, and what each part is: for whoever receives it to compare."""
        told = self.told
        named = ("id", "purpose", "recipient", "kinds", "first_on", "last_on", "sites", "harm", "history", "listed")
        return {
            "format": "aqx1",
            "sealed_at": str(msgspec.to_builtins(now)),
            "mandate": {name: msgspec.to_builtins(getattr(told, name)) for name in named},
            "counts": msgspec.to_builtins(total),
            "parts": [
                {"part": trailer.part, "label": trailer.label, "rows": trailer.rows, "root": trailer.root}
                for trailer in carrying.finished(self.folder).values()
            ],
        }

    def _drop(self, number: int) -> None:
        carrying.path_of(self.folder, number).unlink(missing_ok=True)

    def _part(self, number: int, label: Label) -> AbstractContextManager[Piece]:
        written = msgspec.json.encode(label).decode()
        return carrying.part(self.folder, (number, written), self._slots, self._signer)


def _came(outcome: Grant[ExportDossier] | Denial, counts: Counts) -> TypeGuard[Grant[ExportDossier]]:
    """Whether a patient was opened; one who was erased since the list was made is gone.

    Raises:
        Denial: nothing more is opened.
    """
    if not isinstance(outcome, Denial):
        return True
    if outcome.code not in _GONE:
        raise outcome
    counts.gone += 1
    return False


def _write(part: Piece, resources: Iterable[Resource], counts: Counts | None = None) -> None:
    for resource in resources:
        part.write(extract.line(resource))
        if counts is not None:
            kind = str(resource["resourceType"])
            counts.resources[kind] = counts.resources.get(kind, 0) + 1
