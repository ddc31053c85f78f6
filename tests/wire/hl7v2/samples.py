"""The messages of the shared data folder, and one small message of our own."""

from collections.abc import Iterator

from aliquot.wire.hl7v2 import batches
from tests import data

HEADER = rb"MSH|^~\&|XN|LAB|LIS|HOSP|20260105103000+0100||ORU^R01^ORU_R01|42|P|2.5.1|||AL|NE||UNICODE UTF-8"
RESULT = b"\r".join(
    (
        HEADER,
        b"PID|1||123^^^LAB&1.2.3&ISO^PI~9^^^HOSP^MR||Doe^Jane||19800101|F",
        b"OBR|1||A1|CBC^^L",
        rb'OBX|1|NM|718-7^Hemoglobin^LN||13.20|g/dL|12-16||""||F',
        b"NTE|1||H\xc3\xa9molyse",
        b"",
    )
)


def files() -> Iterator[tuple[str, bytes]]:
    """Every file of the folder that holds a message, by its path in the folder."""
    root = data.folder("hl7v2")
    for path in sorted(root.rglob("*")):
        if path.suffix in (".hl7", ".txt", ".er7"):
            raw = path.read_bytes()
            if b"MSH|" in raw:
                yield path.relative_to(root).as_posix(), raw


def messages() -> Iterator[tuple[str, bytes]]:
    """Every message of every file, with the file's path."""
    for name, raw in files():
        for piece in batches.split(raw).messages:
            yield name, piece.raw
