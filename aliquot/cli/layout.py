"""The folder of an installation: who owns which part of it, and the file that describes it."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.terms import installation
from aliquot.terms.errors import Refused
from aliquot.terms.installation import Installation, Laboratory, Peer, Record

_FOLDERS = ("custody", "journal", "record", "letterbox", "listen", "web", "work", "migrations", "tiles", "run")
_PRIVATE = 0o700
_SIGNING_BYTES = 50


@dataclass(frozen=True)
class Callers:
    """The Unix users (by number) that may speak to the custodian as each process; none named: the custodian's own."""

    web: tuple[int, ...] = ()
    work: tuple[int, ...] = ()
    cli: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a new installation is to be."""

    laboratories: tuple[Laboratory, ...]
    record: Record
    web_port: int = 8000
    listen_port: int = 2575
    peers: tuple[Peer, ...] = ()
    origin: str = ""
    listen_host: str = "127.0.0.1"
    callers: Callers = field(default_factory=Callers)


def lay(home: Path, plan: Plan) -> Installation:
    """Make the folders, `aliquot.toml` and the web's signing key; nothing is overwritten.

    Raises:
        Refused: there is an installation already.
    """
    file = home / installation.FILE_NAME
    if file.exists():
        raise Refused(f"there is an installation at {home} already")
    home.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
    for name in _FOLDERS:
        (home / name).mkdir(exist_ok=True, mode=_PRIVATE)
    file.write_text(_file(plan))
    try:
        described = installation.read(file)
    except Refused:
        file.unlink()
        raise
    private(described.web.signing_key, secrets.token_hex(_SIGNING_BYTES).encode())
    return described


def new_key(path: Path) -> Ed25519PrivateKey:
    """A signing key of a process, in a file that only its user reads."""
    key = Ed25519PrivateKey.generate()
    private(path, key.private_bytes_raw())
    return key


def key(path: Path) -> Ed25519PrivateKey:
    """The signing key in a file.

    Raises:
        Refused: it is not there, or is not a key.
    """
    try:
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except (OSError, ValueError):
        raise Refused(f"there is no key at {path}") from None


def private(path: Path, content: bytes) -> None:
    """Write a file that only its user reads; one that is there already is not overwritten."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _file(plan: Plan) -> str:
    origin = plan.origin or f"http://localhost:{plan.web_port}"
    record = plan.record
    parts = [
        "# Aliquot: this file describes the installation in its folder. Unknown keys are refused; it holds no secret.",
        "",
        "[custody]",
        *('database = "custody/custody.sqlite3"', 'keyring = "custody/keyring.aqk"'),
        *('key_journal = "journal/keys.aqj"', 'socket = "run/custody.sock"', 'tiles = "tiles"'),
        *(f"{process}_uids = {list(uids)}" for process, uids in asdict(plan.callers).items() if uids),
        "",
        "[record]",
        *(f"engine = {_text(record.engine)}", f"name = {_text(record.name)}"),
        *(f"host = {_text(record.host)}", f"port = {record.port}", f"user = {_text(record.user)}"),
        *([f"password_file = {_text(str(record.password_file))}"] if record.password_file else []),
        "",
        "[listen]",
        *(
            f"host = {_text(plan.listen_host)}",
            f"port = {plan.listen_port}",
            'letterbox = "letterbox/letterbox.sqlite3"',
        ),
        *('key = "listen/listener.key"', 'letterbox_public = "listen/letterbox.pub"', 'name = "listener-1"'),
        *(f"peers = [{', '.join(_peer(peer) for peer in plan.peers)}]",),
        "",
        "[web]",
        *(
            'host = "127.0.0.1"',
            f"port = {plan.web_port}",
            f"origin = {_text(origin)}",
            'signing_key = "web/signing.key"',
        ),
        "",
        "[work]",
        *('key = "work/worker.key"', 'name = "work"'),
    ]
    for laboratory in plan.laboratories:
        parts += ["", "[[laboratories]]", *_laboratory(laboratory)]
    return "\n".join(parts) + "\n"


def _laboratory(laboratory: Laboratory) -> list[str]:
    return [
        f"org = {_text(laboratory.org)}",
        f"name = {_text(laboratory.name)}",
        f"lines = [{', '.join(map(_text, laboratory.lines))}]",
        f"phone = {_text(laboratory.phone)}",
        f"director = {_text(laboratory.director)}",
        f"accreditation = {_text(laboratory.accreditation)}",
        f"time_zone = {_text(laboratory.time_zone)}",
        f"language = {_text(laboratory.language)}",
        f"sites = [{', '.join(map(_text, laboratory.sites))}]",
        f"quality_control = {_text(laboratory.quality_control)}",
    ]


def _peer(peer: Peer) -> str:
    return f"{{ address = {_text(peer.address)}, device = {_text(peer.device)} }}"


def _text(value: str) -> str:
    """A TOML basic string."""
    # JSON's escapes are TOML's too; TOML alone escapes "delete".
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
