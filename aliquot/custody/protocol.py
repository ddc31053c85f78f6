"""What may be said to the custodian, and what it answers. This module is the protocol's documentation.

One connection is one unix-socket stream of frames: four bytes of length (big endian), then one msgpack array whose
first item names a struct of this module, or of `migration_protocol`, which is its second half, or of `export_protocol`.
Unknown fields are refused. A request is answered by exactly one frame, in order: the struct that its docstring names,
or `Failed`. Nothing is answered before the history entry is durable.
All ids are the 16 bytes of `terms.ids`; all times are UTC.
"""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from aliquot.custody import export_protocol, migration_protocol
from aliquot.custody.doctor_protocol import AskLetters, LettersTold
from aliquot.custody.frames import (
    Code,
    Digest,
    Few,
    Id,
    IdOrNothing,
    Instant,
    Message,
    Number,
    Part,
    Row,
    Sentence,
    Short,
)
from aliquot.custody.passkey_protocol import EndPasskey, EndPasskeyOptions, ListPasskeys, PasskeysListed

VERSION = 1


class Hello(Message, frozen=True):
    """A process introduces itself. A service (`work`) is answered with a challenge to sign. Answer: `Welcome`."""

    process: Literal["web", "work", "cli"]
    version: int
    service: str = ""


class Welcome(Message, frozen=True):
    """The custodian is unlocked. `challenge` is to be signed by a service and is empty for the others."""

    installation: str
    policy: str
    challenge: bytes


class ProveService(Message, frozen=True):
    """A service signs the challenge with its enrolled Ed25519 key. Answer: `SessionOpened`."""

    signature: bytes


class SignIn(Message, frozen=True):
    """A person signs in with password and one-time code. Answer: `SessionOpened`."""

    login: str
    password: str
    code: str
    origin: str


class PasskeySignInOptions(Message, frozen=True):
    """What the browser's authenticator must sign to sign in. Answer: `PasskeyOptions`."""

    login: str


class PasskeySignIn(Message, frozen=True):
    """A person signs in with a passkey: the answer to `PasskeySignInOptions`. Answer: `SessionOpened`."""

    handle: bytes
    response: str
    origin: str


class PasskeyEnrolOptions(Message, frozen=True):
    """Begin to enrol a passkey for the person of this session. Answer: `PasskeyOptions`."""

    ticket: bytes


class PasskeyEnrol(Message, frozen=True):
    """Finish: the browser's answer, and a fresh one-time code, because this changes who may do what. Answer: `Done`."""

    ticket: bytes
    handle: bytes
    response: str
    name: str
    code: str


class AcceptInvitation(Message, frozen=True):
    """Somebody new chooses a password. Answer: `InvitationAccepted`."""

    login: str
    invitation: str
    password: str


class InvitationAccepted(Message, frozen=True):
    """The secret for one-time codes, as the URI that an authenticator app reads; told once."""

    uri: str


class ConfirmInvitation(Message, frozen=True):
    """The first one-time code shows that the app has the secret; from now on the person signs in. Answer: `Done`."""

    login: str
    invitation: str
    code: str


class PasskeyOptions(Message, frozen=True):
    """Options for the browser as JSON, and the handle under which custody remembers the challenge (5 minutes)."""

    handle: bytes
    options: str


class FactorOptions(Message, frozen=True):
    """A challenge for a fresh factor over one act: its hash binds person, act, subject and content.

    Answer: `PasskeyOptions`.
    """

    ticket: bytes
    act: "Act"


class Factor(Part, frozen=True):
    """A fresh factor: an unused one-time code, or a passkey's answer to `FactorOptions`."""

    code: str = ""
    handle: bytes = b""
    response: str = ""


class WhoAmI(Message, frozen=True):
    """Who holds this ticket. Answer: `SessionOpened` with an empty ticket."""

    ticket: bytes


class SignOut(Message, frozen=True):
    """End a session. Answer: `Done`."""

    ticket: bytes


class SessionOpened(Message, frozen=True):
    """A live session. `acts` are what the roles could ever be allowed: for menus, never a decision."""

    ticket: bytes
    person: bytes
    name: str
    org: bytes
    roles: tuple[str, ...]
    sites: tuple[str, ...]
    acts: tuple[str, ...]
    factor_at: datetime
    expires_at: datetime
    passkey: bool


class Act(Part, frozen=True):
    """One thing that somebody wants to do, decided on its own.

    `id` is chosen by the caller: the same id from the same person with the same content is the same act, with other
    content it is refused. `digest` is SHA-256 over the caller's canonical form of what it wants (form fields, message
    digest under a key); custody compares it and never interprets it. `work` is the requisition in whose portion the
    act works. `letter` is the number of the letter that causes it. `reason` is a typed reason, sealed at once.
    """

    id: Id
    name: Code
    subject: Id
    purpose: Code
    digest: Digest = b""
    work: IdOrNothing = b""
    letter: Number = 0
    mandate: IdOrNothing = b""
    reason: Sentence = ""
    factor: Factor | None = None


class Enter(Message, frozen=True):
    """Decide each act and write its entry. Answer: `Entered`, one outcome for each act, in order."""

    ticket: bytes
    acts: Annotated[tuple[Act, ...], Few]


class Granted(Part, frozen=True):
    """The act may go on. `done` is the outcome of an act that had ended before (a repeated request), else empty.

    `kept` is how many versions of this subject custody knows to be kept.
    """

    act: bytes
    grant: bytes
    kept: int
    done: str


class Denied(Part, frozen=True):
    """The act may not go on. `code` is stable and listed in the manual; `reason` is for the person."""

    act: bytes
    code: str
    reason: str


class Entered(Message, frozen=True):
    """The outcomes, and how far the organization's log reaches: (size, root)."""

    outcomes: tuple[Granted | Denied, ...]
    size: int
    root: bytes


class Reading(Part, frozen=True):
    """Rows to open under one grant.

    `history` asks for superseded versions too. `stored` is how many versions of the subject the record database holds,
    or -1 if the reader does not open the whole dossier; a number that disagrees with custody's own raises the alarm.
    """

    grant: bytes
    rows: tuple[Row, ...]
    history: bool = False
    stored: int = -1


class Open(Message, frozen=True):
    """Open rows. Answer: `Opened`, one content for each row of each reading, in order."""

    readings: Annotated[tuple[Reading, ...], Few]


class Content(Part, frozen=True):
    """What a row says. Only "open" and "masked" have a body.

    "withheld": the act lacks this kind or class, or the row is not of its work. "pending": the act that wrote it has
    not ended; read the version before. "broken": it is not what was kept at this place, and the alarm was raised.
    """

    state: Literal["open", "masked", "withheld", "pending", "broken"]
    harm: int
    body: bytes


class ReadOut(Part, frozen=True):
    """The contents of one reading. `missing` is how many kept versions the record database no longer holds."""

    contents: tuple[Content, ...]
    missing: int


class Opened(Message, frozen=True):
    """One read-out for each reading, in order."""

    readings: tuple[ReadOut, ...]


class Write(Part, frozen=True):
    """One version to be sealed. `tokens` are (field, value) of unique identifiers that machines look up."""

    kind: Short
    id: Id
    version: Number
    schema: Short
    state: Code
    parents: tuple[Id, ...]
    harm: Short
    body: bytes
    tokens: tuple[tuple[Code, Sentence], ...] = ()
    site: Code = ""


class Writing(Part, frozen=True):
    """Everything that one act writes."""

    grant: bytes
    writes: tuple[Write, ...]


class Prepare(Message, frozen=True):
    """Seal each act's writes and make its second leaf durable. Answer: `Prepared`."""

    writings: Annotated[tuple[Writing, ...], Few]


class Sealed(Part, frozen=True):
    """A sealed version, and a token for each unique identifier that came with it."""

    sealed: bytes
    tokens: tuple[int, ...]


class Prepared(Message, frozen=True):
    """Sealed versions, for each writing in order; (size, root) of the log for the record database."""

    writings: tuple[tuple[Sealed, ...], ...]
    size: int
    root: bytes


class Ending(Part, frozen=True):
    """How an act ended. `abandoned` only after a definite rollback; `lost`, `broken` from settlement."""

    act: Id
    outcome: Literal["kept", "abandoned", "lost", "broken"]


class End(Message, frozen=True):
    """End acts. Durable before it is answered. Answer: `Done`."""

    ticket: bytes
    endings: Annotated[tuple[Ending, ...], Few]


class Release(Message, frozen=True):
    """Let grants of acts that only read die. Not answered."""

    grants: tuple[bytes, ...]


class Unsettled(Message, frozen=True):
    """Acts that were prepared and have not ended, older than the given seconds. Answer: `UnsettledActs`."""

    ticket: bytes
    older_than: Annotated[int, msgspec.Meta(ge=0, le=2**31)]


class UnsettledAct(Part, frozen=True):
    """An act to settle: what it would have written."""

    act: bytes
    subject: bytes
    versions: tuple[tuple[bytes, int, bytes], ...]


class UnsettledActs(Message, frozen=True):
    """At most a few hundred, oldest first."""

    acts: tuple[UnsettledAct, ...]


class Tokens(Message, frozen=True):
    """Tokens of exact identifiers, under a grant of an act that may look them up. Answer: `TokensMade`."""

    grant: bytes
    field: str
    values: tuple[str, ...]


class TokensMade(Message, frozen=True):
    """One token for each value, in order."""

    tokens: tuple[int, ...]


class Find(Message, frozen=True):
    """Search: birth date, with at most three letters each of family and given name. Answer: `Found`."""

    grant: bytes
    born_on: date
    family: str = ""
    given: str = ""


class Hit(Part, frozen=True):
    """A patient that may be meant, and how well it fits (0 to 1)."""

    patient: bytes
    score: float


class Found(Message, frozen=True):
    """At most five hits; `more` says that there are others and that more letters are needed (then hits are empty)."""

    hits: tuple[Hit, ...]
    more: bool


class Letter(Part, frozen=True):
    """A letter as the listener stored it: sealed, numbered, signed."""

    listener: Id
    number: Number
    received_at: Instant
    peer: str
    sealed: bytes
    signature: bytes


class OpenLetters(Message, frozen=True):
    """Open letters for the worker: each is an act of its own (`ReadLetter`). Answer: `LettersOpened`."""

    ticket: bytes
    letters: tuple[Letter, ...]


class LetterOpened(Part, frozen=True):
    """What the machine said, and what custody knows of the device that said it.

    `error` is a code ("forged", "unknown-listener", "unknown-device", "damaged") and then nothing else is set. `digest`
    is keyed: the same message from the same device gives the same digest, and nobody can try messages against it.
    """

    number: int
    org: bytes
    device: bytes
    name: str
    site: str
    body: bytes
    digest: bytes
    error: str


class LettersOpened(Message, frozen=True):
    """In the order of the request."""

    letters: tuple[LetterOpened, ...]


class Govern(Message, frozen=True):
    """A change of who may do what, under a grant whose act had the form's SHA-256 as `digest` and a fresh factor.

    `form` is the canonical JSON of the struct of `custody.forms` that `change` names. Answer: `Governed`. A change that
    needs two people stays `waiting` until a second person approves it.
    """

    grant: bytes
    change: str
    form: bytes


class Governed(Message, frozen=True):
    """The change's id and state, and what is told once (an enrolment's one-time secrets, as canonical JSON).

    `erased` is the patient whose key this very answer says is destroyed: the record database forgets their numbers.
    """

    id: bytes
    state: Literal["in-force", "waiting"]
    once: bytes
    erased: bytes = b""


class Ask(Message, frozen=True):
    """A question of the privacy desk or of a supervisor, under a grant. Answer: `Answered`."""

    grant: bytes
    question: str
    form: bytes


class Answered(Message, frozen=True):
    """The answer as canonical JSON, in the form that `custody.privacy` documents for each question."""

    body: bytes


class Done(Message, frozen=True):
    """It is durable."""


class Failed(Message, frozen=True):
    """Nothing was done. `family` is the error family; `code` is stable."""

    family: Literal["refused", "broken", "locked"]
    code: str
    reason: str


_Arriving = Hello | ProveService | SignIn | PasskeySignInOptions | PasskeySignIn | PasskeyEnrolOptions | PasskeyEnrol
_Own = ListPasskeys | EndPasskeyOptions | EndPasskey
_Acting = FactorOptions | AcceptInvitation | ConfirmInvitation | WhoAmI | SignOut | Enter | Open | Prepare | End
_Asking = Release | Unsettled | Tokens | Find | OpenLetters | AskLetters | Govern | Ask
Request = _Arriving | _Own | _Acting | _Asking | migration_protocol.Request | export_protocol.Request
_Decided = Welcome | SessionOpened | InvitationAccepted | PasskeyOptions | Entered | Opened | Prepared | UnsettledActs
_Told = PasskeysListed | TokensMade | Found | LettersOpened | LettersTold | Governed | Answered | Done | Failed
Answer = _Decided | _Told | migration_protocol.Answer | export_protocol.Answer
