"""What an exporter may say to the custodian beside the acts themselves: a part of `custody.protocol`.

Everything here is asked under living grants: of `RunExport`, which names the export mandate, or of `ExportDossier`.
"""

from typing import Annotated, Literal

import msgspec

from aliquot.custody.frames import Few, Message

_Small = Annotated[bytes, msgspec.Meta(max_length=2**20)]


class SignExported(Message, frozen=True):
    """The laboratory signs a part of a bundle, or the bundle as a whole; all three as `vault.bundle` has them.

    Answer: `ExportSigned`.
    """

    grant: bytes
    header: _Small
    kind: Literal["trailer", "manifest"]
    said: _Small


class ExportSigned(Message, frozen=True):
    """What was said, with both signatures."""

    signed: bytes


class TellHistories(Message, frozen=True):
    """Who opened some patients, each under its own grant of `ExportDossier`, of a mandate that names the history.

    Answer: `Histories`.
    """

    grants: Annotated[tuple[bytes, ...], Few]


class Histories(Message, frozen=True):
    """For each patient `custody.answers.Accesses` as canonical JSON, in order."""

    told: tuple[bytes, ...]


Request = SignExported | TellHistories
Answer = ExportSigned | Histories
