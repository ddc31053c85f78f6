"""A grant: what one act about one subject may read and write until its `with` ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from aliquot.access import rows
from aliquot.access.acts import Act
from aliquot.access.custodian import Line
from aliquot.access.routing import Routing
from aliquot.access.rows import Stored
from aliquot.custody.frames import Row
from aliquot.custody.protocol import Content, Open, Opened, Reading, Write
from aliquot.terms import canonical
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind

A_co = TypeVar("A_co", bound=Act, covariant=True)
# Looked up, and not constructed: every row of every act comes by here.
_KINDS = {int(kind): kind for kind in Kind}
_HARMS = {int(harm): harm for harm in Harm}


class Record(msgspec.Struct, frozen=True, gc=False):
    """One opened version. `broken` says that it is not what was kept there; then it has no body."""

    kind: Kind
    id: Id
    version: int
    schema: int
    state: str
    parents: tuple[bytes, ...]
    harm: Harm
    body: bytes
    masked: bool = False
    broken: bool = False

    def __repr__(self) -> str:
        return f"Record({self.kind.name}, version {self.version}, {self.state})"


class Draft(msgspec.Struct, frozen=True, gc=False):
    """One version to be written. `content` becomes canonical JSON; `tokens` are unique identifiers with their field."""

    kind: Kind
    id: Id
    version: int
    state: str
    parents: tuple[bytes, ...]
    content: msgspec.Struct
    harm: Harm = Harm.NORMAL
    schema: int = 1
    tokens: tuple[tuple[str, str], ...] = ()
    site: str = ""

    def __repr__(self) -> str:
        return f"Draft({self.kind.name}, version {self.version}, {self.state})"

    def write(self) -> Write:
        """The draft as custody is told it."""
        return Write(
            int(self.kind),
            self.id,
            self.version,
            self.schema,
            self.state,
            self.parents,
            int(self.harm),
            canonical.encode(self.content),
            self.tokens,
            self.site,
        )


@dataclass
class Grant(Generic[A_co]):
    """The leave to do one act. Writes are gathered here and become durable together when its `with` ends.

    `reached` is how far the log reached when the leave was given, (size, root): a report prints it.
    """

    act: A_co
    id: Id
    token: bytes = field(repr=False)
    kept: int
    done: str
    reached: tuple[int, bytes]
    line: Line = field(repr=False)
    drafts: list[Draft] = field(default_factory=list)
    routings: list[Routing[Any]] = field(default_factory=list)  # Any: each change has its own
    missing: int = 0
    unseen: int = 0
    """How many of the resources that were read are being saved for the first time: they will be there, or not."""

    def read(self, stored: Sequence[Stored], *, history: bool = False, whole: bool = False) -> list[Record]:
        """Open rows of this act's subject; what the act may not see is left out, what is broken is said to be.

        `history` asks for superseded versions too. `whole` says that this is the whole dossier, so that custody
        compares what the database holds with what was kept; `missing` is then how many rows are gone.
        """
        if any(one.subject != self.act.subject for one in stored):
            raise Broken("a grant reads the rows of its own subject")
        return open_rows(self.line, [(self, stored)], history=history, whole=whole)[0]

    def write(self, draft: Draft) -> None:
        """Gather one version to be written when the `with` ends."""
        self.drafts.append(draft)

    def route(self, routing: Routing[Any]) -> None:  # Any: each change has its own
        """Gather a change of routing columns for the same transaction. No rule may rest on them."""
        self.routings.append(routing)


def open_rows(
    line: Line, readings: Iterable[tuple[Grant[Act], Sequence[Stored]]], *, history: bool = False, whole: bool = False
) -> list[list[Record]]:
    """Open the rows of several grants in one exchange with custody."""
    wanted = list(readings)
    asked = tuple(
        Reading(
            grant.token,
            tuple(one.row for one in (stored if history else rows.latest(stored))),
            history,
            rows.count(grant.act.subject) if whole else -1,
        )
        for grant, stored in wanted
    )
    opened = line.ask(Open(asked), Opened)
    result: list[list[Record]] = []
    for (grant, stored), reading, read_out in zip(wanted, asked, opened.readings, strict=True):
        grant.missing = read_out.missing
        grant.unseen = sum(
            content.state == "pending" and row.version == 1
            for row, content in zip(reading.rows, read_out.contents, strict=True)
        )
        found = [_record(row, content) for row, content in zip(reading.rows, read_out.contents, strict=True)]
        if any(content.state == "pending" for content in read_out.contents):
            found += _before_pending(line, grant, stored, read_out.contents, reading)
        result.append([record for record in found if record is not None])
    return result


def _record(row: Row, content: Content) -> Record | None:
    if content.state in {"withheld", "pending"}:
        return None
    return Record(
        _KINDS[row.kind],
        Id(row.id),
        row.version,
        row.schema,
        row.state,
        row.parents,
        _HARMS[content.harm],
        content.body,
        masked=content.state == "masked",
        broken=content.state == "broken",
    )


def _before_pending(
    line: Line, grant: Grant[Act], stored: Sequence[Stored], contents: Sequence[Content], reading: Reading
) -> list[Record | None]:
    """What stands before versions whose act has not ended: that is what is in force."""
    waiting = {
        row.id: row.version for row, content in zip(reading.rows, contents, strict=True) if content.state == "pending"
    }
    older = [one for one in stored if one.row.version < waiting.get(one.row.id, 0)]
    if not older:
        return []
    asked = Reading(grant.token, tuple(one.row for one in rows.latest(older)))
    (read_out,) = line.ask(Open((asked,)), Opened).readings
    return [_record(row, content) for row, content in zip(asked.rows, read_out.contents, strict=True)]
