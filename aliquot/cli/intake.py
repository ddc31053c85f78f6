"""`aliquot intake`: messages from files go the way of every message, over MLLP to the listener."""

import argparse
import json
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from aliquot.cli import home
from aliquot.cli.exits import Away, Exit
from aliquot.intake import judgement
from aliquot.terms.errors import Refused
from aliquot.terms.installation import Listen
from aliquot.wire import mllp
from aliquot.wire.hl7v2 import batches, messages

_PATIENCE_S = 60
_AT_ONCE = 64 * 1024
_STORED = frozenset({"AA", "CA"})


@dataclass(frozen=True)
class Told:
    """What the listener answered to one message; `offset` is where it stands in its file."""

    file: str
    offset: int
    answer: str
    reason: str


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot intake --help` teaches."""
    parser.description = """\
Takes HL7 v2 messages out of files as they are (one or many, batches with FHS and BHS, any line ends) and sends each to
the listener of this installation, as an analyser would. AA or CA means that it is stored: sealed, numbered, durable.
What then becomes of it is said by `aliquot quarantine` and at the bench. The address that this machine calls from must
stand in [listen] peers. A file without messages is listed, and nothing of it is sent."""
    home.option(parser)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="a list of {file, offset, answer, reason}")


def run(chosen: argparse.Namespace) -> int:
    """Send every message of every file; the status says whether all of them were stored."""
    with _line(home.read(chosen.home).listen) as line:
        told = [answer for file in chosen.files for answer in _send(line, file)]
    if chosen.json:
        print(json.dumps([asdict(one) for one in told], indent=1))
    else:
        for one in told:
            print(f"{one.answer:12} {one.file}:{one.offset} {one.reason}".rstrip())
        stored = sum(one.answer in _STORED for one in told)
        print(f"{stored} stored, {len(told) - stored} not")
    return Exit.DONE if all(one.answer in _STORED for one in told) else Exit.FOUND


def _send(line: socket.socket, file: Path) -> Iterator[Told]:
    try:
        contents = batches.split(file.read_bytes())
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from None
    for finding in contents.findings:
        yield Told(str(file), finding.offset, "contradicts", f"{finding.place}: {finding.reason}")
    if not contents.messages:
        yield Told(str(file), 0, "not HL7 v2", "no MSH segment in it")
        return
    for piece in contents.messages:
        yield _exchange(line, str(file), piece)


def _line(listen: Listen) -> socket.socket:
    try:
        return socket.create_connection((listen.host, listen.port), _PATIENCE_S)
    except OSError:
        raise Away(f"no listener answers at {listen.host}:{listen.port}; start `aliquot listen` or `serve`") from None


def _exchange(line: socket.socket, file: str, piece: batches.Piece) -> Told:
    frames = mllp.Frames()
    try:
        line.sendall(mllp.frame(piece.raw))
        verdict = judgement.judge(piece.raw)
        if not verdict.answered:
            why = "it is no result" if verdict.objection else "it says itself that it wants none (MSH-15)"
            return Told(file, piece.offset, "no answer", why)
        while True:
            received = line.recv(_AT_ONCE)
            if not received:
                raise Away("the listener hung up: is this machine's address among its peers?")
            for answer in frames.feed(received):
                if isinstance(answer, bytes):
                    return _told(file, piece.offset, answer)
    except TimeoutError:
        raise Away("the listener does not answer; `aliquot doctor` looks at it") from None
    except OSError:
        raise Away("the listener hung up: is this machine's address among its peers?") from None


def _told(file: str, offset: int, answer: bytes) -> Told:
    said = messages.parse(answer)
    code = said["MSA"][0][1].text
    why = " ".join(f"{error[2].text} {error[3].text}" for error in said["ERR"])
    return Told(file, offset, code, why)
