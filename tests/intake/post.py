"""A listener with real keys, the machines that speak to it, and somebody who may open its letters."""

import asyncio
import base64
import os
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.intake import listener, seat
from aliquot.intake.conversation import Limits
from aliquot.intake.letterbox import Tray, Waiting
from aliquot.terms.ids import Id
from aliquot.terms.installation import Listen, Peer
from aliquot.vault import letterbox
from aliquot.vault.letterkey import LetterKey
from aliquot.wire import mllp

LISTENER = Id(b"LAB1" + bytes(range(12)))
LETTER_KEY = LetterKey.generate()
NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
CANARY = "CANARY-WEIß"


def message(control_id: str, type_: str = "ORU^R01^ORU_R01", fill: int = 0, more: str = "") -> bytes:
    """One message with a name in it that nobody may find again."""
    header = f"MSH|^~\\&|ANA|LAB|LIS|LAB|20260105||{type_}|{control_id}|P|2.5.1{more}"
    result = f"OBX|1|TX|718-7^Hb^LN||{'x' * fill}{CANARY}||||||F"
    return f"{header}\rPID|1||{CANARY}||{CANARY}^ANNE\rOBR|1|||718-7^Hb^LN\r{result}\r".encode()


def traces(text: str) -> list[bytes]:
    """How a text may stand in a file: in two encodings, and in base 64 at each of its three offsets."""
    plain = text.encode()
    coded = [base64.b64encode(bytes(offset) + plain)[4:-4] for offset in range(3)]
    return [plain, text.encode("utf-16-le"), *coded]


@dataclass
class Seated:
    """A seat and its two files."""

    folder: Path
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    listener: Id = LISTENER

    def __post_init__(self) -> None:
        seat.write(self.folder / "listener.key", self.listener, self.key)
        (self.folder / "letterbox.pub").write_bytes(LETTER_KEY.slot())

    @property
    def listen(self) -> Listen:
        return Listen(
            host="127.0.0.1",
            port=0,
            letterbox=self.folder / "letterbox.sqlite",
            key=self.folder / "listener.key",
            letterbox_public=self.folder / "letterbox.pub",
            peers=(Peer("127.0.0.1", "analyser-1"),),
        )

    def taken(self) -> list[Waiting]:
        """All letters, as a worker of the far future takes them."""
        tray = Tray(self.listen.letterbox)
        taken = tray.waiting(10_000, datetime.now(UTC))
        tray.put_off([one.letter.envelope.number for one in taken], NOON)
        tray.close()
        return taken

    def messages(self) -> list[bytes]:
        """What the letters say, each verified and opened; their numbers have no gap."""
        taken = self.taken()
        assert [one.letter.envelope.number for one in taken] == list(range(1, len(taken) + 1))
        for one in taken:
            letterbox.verify(self.key.public_key(), one.letter)
        return [LETTER_KEY.open(one.letter) for one in taken]


@dataclass
class Machine:
    """An analyser's end of one connection."""

    reader: StreamReader
    writer: StreamWriter

    async def send(self, content: bytes) -> str:
        """Frame and send a message; gives MSA-1 and MSA-2 of the answer."""
        self.writer.write(mllp.frame(content))
        return await self.answer()

    async def answer(self) -> str:
        framed = await asyncio.wait_for(self.reader.readuntil(b"\x1c\r"), 20)
        return msa(framed)

    async def closed(self) -> bool:
        """Whether the other side ends the connection without a word."""
        try:
            return await asyncio.wait_for(self.reader.read(), 20) == b""
        except ConnectionError:
            return True


def msa(framed: bytes) -> str:
    (segment,) = (line for line in framed[1:-2].decode().split("\r") if line.startswith("MSA"))
    return segment[4:]


@dataclass
class Post:
    """A listener that runs in this process."""

    port: int
    stop: asyncio.Event
    done: asyncio.Task[None]
    machines: list[Machine] = field(default_factory=list)

    async def machine(self) -> Machine:
        """A machine that calls; its end is closed after the listener's."""
        self.machines.append(Machine(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.machines[-1]


@asynccontextmanager
async def open_post(seated: Seated, limits: Limits | None = None, **changes: object) -> AsyncIterator[Post]:
    """Listen until the block ends, then stop as a signal would."""
    listen = msgspec.structs.replace(seated.listen, **changes)
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    done = asyncio.create_task(listener.serve(listen, stop, port.set_result, limits))
    await asyncio.wait((port, done), return_when=asyncio.FIRST_COMPLETED)
    if done.done():
        await done
    here = Post(port.result(), stop, done)
    try:
        yield here
    finally:
        stop.set()
        await asyncio.wait_for(done, 20)
        for machine in here.machines:
            machine.writer.transport.abort()


def written(folder: Path) -> bytes:
    """Every byte that lies in a folder."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if os.path.isfile(path))
