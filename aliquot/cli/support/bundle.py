"""What a support bundle may say: this is the whole list, and what is not on it cannot be written.

No field is a free text: each is a number that is rounded, a day, a version, a hash, or a word of a list that stands
here. A bundle is decoded by these types once more before anybody sees it. Source: CONTROLS E2; docs/manual/support.md.
"""

from datetime import date
from typing import Annotated, Final, Literal, get_args

import msgspec

from aliquot.terms import canonical
from aliquot.terms.errors import Broken
from aliquot.terms.events import Reason

Version = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,5}(\.[0-9]{1,6}){0,3}\Z")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Rounded = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
"""Two digits and zeros; fewer than ten of anything are 0 (`rounded`), and of an event that came at all 1."""
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Za-z]{2,39}\Z")]
"""The type of an error; `faults.error` gives one that the program knows, or `Another`."""
Place = Annotated[str, msgspec.Meta(pattern=r"^([a-z_]{1,40}\.py:[0-9]{1,5}|elsewhere)\Z")]
"""A line of this program; `faults.place` gives one of a module that there is, or `elsewhere`."""
Part = Literal[
    "Django", "SQLAlchemy", "argon2-cffi", "cedarpy", "cryptography", "fido2", "granian", "msgspec", "psycopg"
]
Check = Literal[
    "clock",
    "configuration",
    "custodian",
    "disk",
    "epoch file",
    "folders",
    "hardening",
    "history",
    "key journal",
    "keys",
    "letterbox",
    "letters",
    "listener",
    "lost work",
    "migrations",
    "record database",
    "users",
    "weekly keys",
]
"""What `aliquot doctor` looks at; never the words of what it found, which name folders and logs."""
Table = Literal["act", "message", "requisition", "specimen", "subject", "token", "version"]
Size = Literal["custody database", "epoch file", "key journal", "letterbox", "record database", "tiles"]
Process = Literal["custody", "listen", "serve", "web", "work"]
Tag = Literal[
    "act-settled",
    "closed",
    "complained",
    "custodian-needed",
    "failed",
    "line-fault",
    "listening",
    "message-postponed",
    "message-refused",
    "not-hardened",
    "peer-crowding",
    "peer-unknown",
    "process-ended",
    "process-started",
    "serving",
    "staging-swept",
    "stopped",
    "unable",
]
"""The closed list of `terms.events`."""
Section = Literal["policy", "schemas", "settings", "findings", "counts", "sizes"]


class _Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Program(_Listed, frozen=True):
    """Which versions run. `parts` are those on which most rests."""

    aliquot: Version
    python: Version
    sqlite: Version
    parts: dict[Part, Version]


class Machine(_Listed, frozen=True):
    """On what. The kernel's version is its numbers, without the name that somebody gave it."""

    system: Literal["Linux", "another"]
    kernel: Version
    processor: Literal["x86_64", "aarch64", "another"]
    processors: Rounded
    memory_gib: Rounded


class Schemas(_Listed, frozen=True):
    """The numbers of the databases' shapes. Custody's own is told where this user may read it."""

    custody_known: Rounded
    custody: Rounded | None
    record: Literal["current", "older", "newer", "away"]


class Policy(_Listed, frozen=True):
    """The policies that this program ships, and whether the custodian decides by them."""

    shipped: Digest
    custodian: Literal["the same", "another", "away"]


class Settings(_Listed, frozen=True):
    """What aliquot.toml says, without a name, an address, a path or a number that is anybody's."""

    engine: Literal["sqlite", "postgresql"]
    laboratories: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    sites: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    peers: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    languages: tuple[Literal["en", "fr"], ...]
    users_apart: bool
    accessions: tuple[Literal["OBR-2", "OBR-3", "SPM-2.1", "SPM-2.2"], ...]
    quality_control: tuple[Literal["outside", "unknown"], ...]


class Finding(_Listed, frozen=True, order=True):
    """How often one check of the doctor came to one state."""

    check: Check
    state: Literal["ok", "warning", "fault"]
    times: Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class Failure(_Listed, frozen=True, order=True):
    """An error by its type and the place in the program: never its message, never a local."""

    error: Name
    place: Place


class Seen(_Listed, frozen=True, order=True):
    """An event of the operational log, by day: which, and those of its fields that are words of a list or numbers."""

    day: date
    event: Tag
    process: Process | None = None
    error: Name | None = None
    place: Place | None = None
    reason: Reason | None = None
    outcome: Literal["kept", "lost", "broken"] | None = None
    status: Annotated[int, msgspec.Meta(ge=-64, le=255)] | None = None
    hl70357: Annotated[int, msgspec.Meta(ge=0, le=999)] | None = None


class Bundle(_Listed, frozen=True):
    """A support bundle. `failures` are errors that came while it was gathered, by section; `unread` are lines of the
    log that are no event of this program.
    """

    format: Literal["aqs1"]
    made_on: date
    program: Program
    machine: Machine
    policy: Policy | None
    schemas: Schemas | None
    settings: Settings | None
    findings: tuple[Finding, ...]
    counts: dict[Table, Rounded]
    sizes_mib: dict[Size, Rounded]
    events: tuple[tuple[Seen, Rounded], ...]
    unread: Rounded
    failures: dict[Section, Failure]


CHECKS: Final = frozenset(get_args(Check))


def rounded(n: int) -> int:
    """A number that points at nobody: fewer than ten are none, and of more the first two digits stay."""
    if n < 10:
        return 0
    tens = int("1" + "0" * (len(str(n)) - 2))
    return n // tens * tens


def encode(made: Bundle) -> bytes:
    """The bundle as people read it, if each word of it is on the list.

    Raises:
        Broken: something is not; the message does not say what.
    """
    raw = canonical.encode(made)
    try:
        msgspec.json.decode(raw, type=Bundle)
    except msgspec.ValidationError:
        raise Broken("the support bundle has something that is not on its list; nothing was written") from None
    return msgspec.json.format(raw, indent=1) + b"\n"
