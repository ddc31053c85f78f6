"""What may be said to the custodian about a migration, and what it answers: the second half of `custody.protocol`.

Everything here is asked under a living grant: the loader's of `RunMigration`, which names the mandate, or a person's
of `DecideMatch`. People sign the steps that are theirs with `Govern` (`custody.forms.StepMigration`) and read how far
a migration is with `Ask`.
"""

from typing import Annotated, Literal

import msgspec

from aliquot.custody.frames import Code, Few, Id, IdOrNothing, Message, Number, Part, Row, Sentence
from aliquot.terms.identity import Demography
from aliquot.terms.papers import Reason

CHUNKS_AT_ONCE = 8
"""Eight chunks of 1 MiB: no more than that is held for one request."""

_Sha256 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
_Sha256OrNothing = Annotated[bytes, msgspec.Meta(max_length=32)]
_Small = Annotated[bytes, msgspec.Meta(max_length=64 * 1024)]
_Key = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
_Chunk = Annotated[bytes, msgspec.Meta(max_length=2**20 + 16)]
_Identifiers = Annotated[tuple[tuple[Code, Sentence], ...], msgspec.Meta(max_length=16)]


class TakeStep(Message, frozen=True):
    """The loader says that a step of its own is done, with the digest of its evidence and of what it rests on.

    Answer: `StepTaken`.
    """

    grant: bytes
    step: Code
    evidence: _Sha256
    rests: _Sha256OrNothing = b""


class StepTaken(Message, frozen=True):
    """The state that the migration is in now."""

    state: str


class NameRows(Message, frozen=True):
    """The ids of rows of the source: the same for the same (what, key) under every mandate over it, unrelated under a
    mandate over another source.

    `whose` says for each key the number of the patient beside whom it stands (`ids.beside`), or nothing at all.
    Answer: `RowsNamed`.
    """

    grant: bytes
    what: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    keys: Annotated[tuple[_Key, ...], Few]
    whose: Annotated[tuple[_Key, ...], Few] = ()


class RowsNamed(Message, frozen=True):
    """One id of 16 bytes for each key, in order."""

    ids: tuple[bytes, ...]


class ReadBrought(Message, frozen=True):
    """The ids of what came in under a mandate, after the id `after`. Answer: `BroughtRead`.

    It is the loader's own, or `under` another one over the same source that permitted no more.
    """

    grant: bytes
    after: IdOrNothing
    under: IdOrNothing = b""


class BroughtRead(Message, frozen=True):
    """People who became known here under the mandate, and requisitions that came under it; both stand here.

    `last` is after which id the next page begins; nothing, if there is none. `within` are the other mandates over the
    same source that permitted no more.
    """

    people: tuple[bytes, ...]
    works: tuple[bytes, ...]
    last: bytes
    within: tuple[bytes, ...] = ()


class FindElsewhere(Message, frozen=True):
    """Which of these results came in under another mandate over the same source, or are being saved under it.

    Answer: `ElsewhereFound`.
    """

    grant: bytes
    results: Annotated[tuple[Id, ...], Few]


class ElsewhereFound(Message, frozen=True):
    """The ids of those that did, in no order; `unsure` are those whose mandate was never reconciled."""

    results: tuple[bytes, ...]
    unsure: tuple[bytes, ...]


class Incoming(Part, frozen=True):
    """A person as the old system has them: the key of the source row, what they are called, (field, value) of numbers.

    The fields are those of `vault.tokens`.
    """

    key: _Key
    demography: Demography
    identifiers: _Identifiers = ()


class Match(Message, frozen=True):
    """Whether these people are known here already, or are one of those before them in the same request.

    Nothing is opened, and no name is answered. Answer: `Matched`.
    """

    grant: bytes
    people: Annotated[tuple[Incoming, ...], Few]


class Candidate(Part, frozen=True):
    """A patient who may be the same person: how well it fits (0 to 1), why, and which numbers agree (their fields)."""

    patient: bytes
    score: float
    reasons: tuple[str, ...]
    numbers: tuple[str, ...] = ()


class Verdict(Part, frozen=True):
    """What is known of one incoming person; `row` is the id that `NameRows("patient", key)` gives.

    "nobody": a new patient, whose id is `row`. "same": `patient` is that person, and may be written to under the
    mandate. "doubtful": a person decides which of `candidates` it is, if any (`SettleMatch`). "erased": they were a
    patient here whom two people have erased, and are not brought in again. "another": their number is somebody else's
    under this source, as people have decided; nobody comes in.

    `differs`, once a load has ended: who was registered by this very row is called otherwise here, born on another day,
    or does not have one of these numbers; or is not here at all.

    `before`: they were registered by this very row, under another mandate over the same source; `unsure`, if that one
    was never reconciled. Their numbers do not bear on `differs`.
    """

    row: bytes
    says: Literal["nobody", "same", "doubtful", "erased", "another"]
    patient: bytes = b""
    candidates: tuple[Candidate, ...] = ()
    differs: bool = False
    before: bool = False
    unsure: bool = False


class Matched(Message, frozen=True):
    """One verdict for each incoming person, in order."""

    verdicts: tuple[Verdict, ...]


class Beside(Part, frozen=True):
    """A record that came in under a mandate over this source, as it is stored; and what the source says there."""

    patient: Id
    row: Row
    said: bytes


class CompareRows(Message, frozen=True):
    """Which records say what the source says; nothing is opened. Answer: `Compared`."""

    grant: bytes
    rows: Annotated[tuple[Beside, ...], Few]


class Compared(Message, frozen=True):
    """For each record whether it says exactly this.

    One that came in otherwise, that was changed since, or that is somebody else's never does, whatever it says.
    """

    agrees: tuple[bool, ...]


class SettleMatch(Message, frozen=True):
    """A person has decided whether an incoming person and a patient are the same. Answer: `Done`.

    The act's digest is SHA-256 over the canonical form of (mandate, row, patient, same).
    """

    grant: bytes
    mandate: Id
    row: Id
    patient: Id
    same: bool


class ReadDoubts(Message, frozen=True):
    """Who is doubtful in a migration, after the row `after`, for a person who decides. Answer: `DoubtsRead`."""

    grant: bytes
    mandate: Id
    after: IdOrNothing
    most: Annotated[int, msgspec.Meta(ge=1, le=10)]


class Doubt(Part, frozen=True):
    """One person as the old system has them, and the patients who may be they; perhaps none is registered yet."""

    row: bytes
    demography: Demography
    candidates: tuple[Candidate, ...]


class DoubtsRead(Message, frozen=True):
    """A page of doubts by the id of their rows, and how many of this migration wait in all."""

    doubts: tuple[Doubt, ...]
    left: int


class JudgeCompared(Message, frozen=True):
    """A person has compared the dossier of their act with what the old system said: it agrees, or why not.

    Answer: `Done`. The act is `JudgeDossier`; its digest is SHA-256 over the canonical form of (work, reason).
    """

    grant: bytes
    reason: Reason


class OpenPart(Message, frozen=True):
    """Begin to open one part of a bundle: its header, its head and its trailer as they stand. Answer: `PartOpened`."""

    grant: bytes
    header: _Small
    head: _Small
    trailer: _Small


class PartOpened(Message, frozen=True):
    """Under which handle the part's key is held: until the session ends, or a few others were opened after it."""

    handle: bytes
    chunks: int
    rows: int


class OpenChunks(Message, frozen=True):
    """Open chunks of a part, from number `first` on. Answer: `ChunksOpened`."""

    grant: bytes
    handle: bytes
    first: Number
    chunks: Annotated[tuple[_Chunk, ...], msgspec.Meta(max_length=CHUNKS_AT_ONCE)]


class ChunksOpened(Message, frozen=True):
    """What the chunks say, in order."""

    plain: tuple[bytes, ...]


Request = (
    TakeStep
    | NameRows
    | ReadBrought
    | FindElsewhere
    | Match
    | CompareRows
    | SettleMatch
    | ReadDoubts
    | JudgeCompared
    | OpenPart
    | OpenChunks
)
Answer = (
    StepTaken | RowsNamed | BroughtRead | ElsewhereFound | Matched | Compared | DoubtsRead | PartOpened | ChunksOpened
)
