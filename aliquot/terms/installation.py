"""The one file that configures an installation. Unknown keys are refused; no secret is ever written in it."""

import re
import tomllib
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from aliquot.terms.errors import Refused

FILE_NAME = "aliquot.toml"
LONGEST_MESSAGE: Final = 16 * 1024 * 1024
"""In bytes. What is longer could be stored by a listener and acknowledged, and then not pass to the custodian, who
takes 64 MiB at once with all that goes around it."""
_ORG: Final = re.compile(r"(?!00000000)[0-9a-f]{8}")


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file."""


class Custody(Part, frozen=True):
    """The custodian's own files, and the Unix users that may speak for each process (none named: its own)."""

    database: Path
    keyring: Path
    key_journal: Path
    socket: Path
    tiles: Path
    web_uids: tuple[int, ...] = ()
    work_uids: tuple[int, ...] = ()
    cli_uids: tuple[int, ...] = ()

    @property
    def epochs(self) -> tuple[Path, Path]:
        """The epoch file and its twin: beside the keyring and beside the key journal, hence on two disks."""
        return self.keyring.with_suffix(".aqe"), self.key_journal.with_suffix(".aqe")


class Record(Part, frozen=True):
    """The record database. `name` is a path (from the folder of the file) for `sqlite`, a database for `postgresql`."""

    engine: Literal["sqlite", "postgresql"]
    name: str
    host: str = ""
    port: int = 0
    user: str = ""
    password_file: Path | None = None


class Peer(Part, frozen=True):
    """An enrolled analyser or system: the address that it speaks from, and the device that custody knows it as.

    What was agreed with it when it was connected: `accession` is the place of a tube's number where an SPM is present
    and `without_specimen` where none is; `processing` are the values of MSH-11 that it sends for patients' work;
    `unfiled` are codes (with their system) that it also sends and nobody files; `zone` is its clock's time zone where a
    time names none (else the laboratory's); `fresh_hours` how long ago a result may have been measured.
    """

    address: str
    device: str
    accession: Literal["SPM-2.1", "SPM-2.2", "OBR-2", "OBR-3"] = "SPM-2.1"
    without_specimen: Literal["OBR-2", "OBR-3"] = "OBR-3"
    processing: tuple[str, ...] = ("P",)
    unfiled: tuple[tuple[str, str], ...] = ()
    zone: str = ""
    fresh_hours: int = 48


class Listen(Part, frozen=True):
    """Where machines are listened to, and where their letters are kept."""

    host: str
    port: int
    letterbox: Path
    key: Path
    letterbox_public: Path
    name: str = "listener-1"
    max_message_bytes: int = LONGEST_MESSAGE
    peers: tuple[Peer, ...] = ()


class Web(Part, frozen=True):
    """Where people's browsers are served. `origin` is what the browser calls us: passkeys are bound to it."""

    host: str
    port: int
    origin: str
    signing_key: Path


class Work(Part, frozen=True):
    """The worker's own key."""

    key: Path
    name: str = "work"


class Laboratory(Part, frozen=True):
    """What a laboratory prints at the head of its reports. Nothing here is secret.

    `quality_control` is "outside" where the director keeps it in another system and answers for it; otherwise it is
    unknown, and every result is held until somebody who may says why it may go.
    """

    org: str
    name: str
    lines: tuple[str, ...]
    phone: str
    director: str
    accreditation: str
    time_zone: str
    language: Literal["fr", "en"]
    sites: tuple[str, ...]
    quality_control: Literal["outside", "unknown"] = "unknown"


class Installation(Part, frozen=True):
    """Everything that `aliquot.toml` says. Relative paths are read from the file's own folder."""

    custody: Custody
    record: Record
    listen: Listen
    web: Web
    work: Work
    laboratories: tuple[Laboratory, ...]


def read(path: Path) -> Installation:
    """The installation that a file describes.

    Raises:
        Refused: the file is missing, is not TOML, has a key that nobody reads, or says what nobody could work with.
    """
    try:
        text = path.read_text()
        found = msgspec.convert(
            tomllib.loads(text), Installation, dec_hook=lambda kind, value: _path(kind, value, path)
        )
    except FileNotFoundError:
        raise Refused(f"no {FILE_NAME} in {path.absolute().parent}; `aliquot init` makes one") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Refused(f"{path}: {error}") from None
    _check(found, path)
    return found


def _check(found: Installation, path: Path) -> None:
    orgs = [laboratory.org for laboratory in found.laboratories]
    if not all(map(_ORG.fullmatch, orgs)) or len(set(orgs)) != len(orgs):
        raise Refused(f"{path}: laboratories.org: eight hexadecimal digits, not all zero, each laboratory its own")
    if not 0 < found.listen.max_message_bytes <= LONGEST_MESSAGE:
        raise Refused(f"{path}: listen.max_message_bytes: at most {LONGEST_MESSAGE}")
    if not all(_is_zone(laboratory.time_zone) for laboratory in found.laboratories):
        raise Refused(f"{path}: laboratories.time_zone: no such time zone; one is Europe/Paris")
    if not all(_is_zone(peer.zone) for peer in found.listen.peers if peer.zone):
        raise Refused(f"{path}: listen.peers.zone: no such time zone; one is Europe/Paris")


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False


def _path(kind: type, value: object, file: Path) -> object:
    if kind is Path and isinstance(value, str):
        return file.parent.absolute() / value
    raise NotImplementedError
