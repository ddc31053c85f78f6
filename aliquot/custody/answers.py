"""What custody answers to the questions of the privacy desk, the supervisor and the auditor, as canonical JSON."""

from datetime import date, datetime
from typing import Final, Literal

import msgspec

from aliquot.terms.papers import Reason

FORGOTTEN: Final = "forgotten"
"""What is said of an opening whose explanation custody no longer keeps (`limits.KEEP_OPENINGS`)."""
GRAVEST_FIRST: Final = (
    "unexplained",
    "lapsed",
    "provisional",
    "break-glass",
    "grace",
    "blind",
    "beside",
    "again",
    "candidate",
    "order",
    "closed",
    "work",
    "sample",
    "mandate",
)
"""Every word of `opening.how`: what somebody must look at first comes first."""


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of history about one patient: who, when, as what, why, which portion, and how it was explained.

    `explained` is a word of `custody.openings` or `custody.explanation`, the gravest of that person, act and day, or
    `forgotten` once custody no longer keeps it. `reason` is what was typed, where a reason was asked for.
    """

    at: datetime
    person: str
    name: str
    roles: tuple[str, ...]
    act: str
    step: str
    why: str
    portion: tuple[str, ...]
    explained: str
    reason: str
    seq: int


class Openings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who opened one patient, newest first."""

    openings: tuple[Opening, ...]


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of history as it leaves with its patient: `Opening` with a pseudonym for who, and nothing typed."""

    at: datetime
    person: str
    roles: tuple[str, ...]
    act: str
    step: str
    why: str
    portion: tuple[str, ...]
    explained: str
    seq: int


class Accesses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who opened one patient within the days of an export mandate, newest first."""

    accesses: tuple[Access, ...]


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that the privacy desk must see. `subject` is empty when it is about nobody in particular.

    `seen_by` is empty too where somebody of another laboratory has seen what rang for the whole installation.
    """

    id: int
    at: datetime
    kind: str
    person: str
    name: str
    n: int
    subject: str
    leaf: int
    reason: str
    seen_by: str
    seen_at: datetime | None


class Notices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Notices, newest first, those that nobody has seen before the others."""

    notices: tuple[Notice, ...]


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How full one bucket is: `used` of `a_day` patients."""

    who: str
    kind: str
    used: int
    a_day: int


class Budgets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every bucket that was touched, fullest first.

    `waiting` is how many orders explain something although nothing has confirmed them yet; beyond `waiting_at_most` new
    ones explain nothing.
    """

    budgets: tuple[Budget, ...]
    waiting: int
    waiting_at_most: int


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the laboratory's log reaches: the signed note as an auditor keeps it."""

    size: int
    root: str
    note: str
    at: datetime


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person with their roles (`role@site`), for the desk that administers people."""

    person: str
    login: str
    name: str
    state: str
    until: datetime
    roles: tuple[str, ...]


class Equipment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device, service or listener that is enrolled. `place` is a device's site and a service's role."""

    kind: str
    name: str
    place: str


class Mandate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Leave for bulk work that is in force: `used` of `allowed` patients."""

    id: str
    purpose: str
    service: str
    allowed: int
    used: int
    until: datetime


class WaitingChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change that waits for its second person. `form` is canonical JSON of one of `custody.forms`."""

    id: str
    digest: str
    form: str
    proposer: str
    proposed_by: str
    proposed_at: datetime


class Accounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """People, what is enrolled, mandates in force, and what waits to be approved."""

    accounts: tuple[Account, ...]
    equipment: tuple[Equipment, ...]
    mandates: tuple[Mandate, ...]
    waiting: tuple[WaitingChange, ...]


class Signatures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mandates and steps of migrations, and of what leaves, that wait for their second signature, oldest first."""

    waiting: tuple[WaitingChange, ...]


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """The latest kept version of one resource, and how many versions of it were kept."""

    id: str
    version: int
    hash: str


class KeptPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the fold of everything that was kept, by id, and the acts that wait for their ending."""

    kept: tuple[Kept, ...]
    pending: tuple[str, ...]


class LostAct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act whose work was lost: which, when, by whom, about which pseudonym of the log, and what it had written."""

    id: str
    act: str
    at: datetime
    who: str
    patient: str
    portion: tuple[str, ...]


class Lost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was lost and waits for two officers, oldest first."""

    acts: tuple[LostAct, ...]


class Losses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many lost acts wait in all laboratories, and when the first of them was."""

    count: int
    since: datetime | None


class Epoch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the weekly keys are. All times are trusted time, and `now` says which one it is.

    `oldest` is the oldest epoch whose keys still live; `looked_at` when the move into the present one last went on.
    """

    number: int
    oldest: int
    began_at: datetime
    looked_at: datetime
    finished: bool
    now: datetime


class MigrationStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step that was taken. `step` is a word of `custody.steps`, or `declare`, or `lapsed`; `people` are names."""

    step: str
    state: str
    evidence: str
    people: tuple[str, ...]
    at: datetime


class Migration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far one migration is. `deadline` and `until` are trusted time: then what is staged destroys itself.

    `document` is the signed mandate (`vault.mandate`). `next` are the steps that follow from here. `named_at` is when
    the first mandate over its source was signed, whose rows have one name under all of them; nothing for a migration
    of before that: custody recognises nothing of what came in under it.
    """

    id: str
    state: str
    signed_at: datetime
    deadline: datetime
    until: datetime
    allowed: int
    used: int
    steps: tuple[MigrationStep, ...]
    next: tuple[str, ...]
    document: str
    named_at: datetime | None = None


class Migrations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every migration of a laboratory, the latest first."""

    migrations: tuple[Migration, ...]


class Credential(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """What lets somebody or something in: a person by the login, a device, listener or service by its name."""

    kind: Literal["device", "listener", "person", "service"]
    name: str


class Cutting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the two who cut over decide on: whatever lives now, and which of it works for the migration.

    `loader` ends whatever they say, unless it is `shared`: then another mandate in force names it. `back` is the digest
    of the way back as it was rehearsed after the last reconciliation, or empty.
    """

    living: tuple[Credential, ...]
    loader: Credential
    shared: bool
    back: str

    @property
    def declared(self) -> tuple[Credential, ...]:
        """What they name as ending or as staying: whatever lives and does not end by itself."""
        return tuple(one for one in self.living if self.shared or one != self.loader)


class ActCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """How many acts of one name were kept."""

    act: str
    n: int


class NewWork(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was kept here beside a migration since it began to load: what going back would leave behind."""

    since: datetime | None
    acts: tuple[ActCount, ...]


class Judged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one person has said about a dossier of a sample: it agrees, or why not."""

    person: str
    name: str
    agrees: bool
    reason: Reason
    at: datetime


class Sampled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One dossier of a sample: whose it is and which requisition, with the verdicts so far."""

    patient: str
    work: str
    judged: tuple[Judged, ...]


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The dossiers of a migration that two people compare, in the order drawn; none before the loading has ended."""

    dossiers: tuple[Sampled, ...]


class Doubtful(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A migration in which somebody is doubtful: how many wait for a person, and what the mandate calls the source."""

    mandate: str
    source: str
    left: int


class Doubtfuls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every migration of a laboratory in which somebody is doubtful."""

    migrations: tuple[Doubtful, ...]


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word of `custody.steps.State`, or nothing for a mandate that moves no laboratory here."""

    state: str


class Shredded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the patients of a laboratory whose key was destroyed, by id."""

    patients: tuple[str, ...]


class Patients(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of patients, by their ids."""

    patients: tuple[str, ...]


class Sender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The public keys with which a laboratory signs its bundles, and what a receiving mandate names them by."""

    ed25519: str
    mldsa44: str
    fingerprint: str


class Export(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An export mandate as its exporter needs it: what may leave, to whom, and how far it has come.

    `receiver` is the signed mandate of the receiving side; `listed` patients are in scope, `opened` of them came out.
    """

    id: str
    purpose: str
    recipient: str
    receiver: str
    kinds: tuple[str, ...]
    first_on: date
    last_on: date
    sites: tuple[str, ...]
    harm: str
    history: bool
    until: datetime
    listed: int
    opened: int
    sender: Sender


class Leaving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An export mandate as those who signed it follow it. `form` is canonical JSON of what they signed.

    `people` are the names of the two. `ended` is before its time, `over` when that has come.
    """

    id: str
    form: str
    people: tuple[str, ...]
    signed_at: datetime
    listed: int
    opened: int
    begun_at: datetime | None
    state: Literal["in-force", "ended", "over"]


class Leavings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every export mandate of a laboratory, the latest first."""

    leavings: tuple[Leaving, ...]


class InScope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many patients an export mandate would be for if it were signed now."""

    patients: int
