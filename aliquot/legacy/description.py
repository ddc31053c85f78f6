"""What an integrator writes down about an old system before anybody reads it: `source.toml`.

The file says how the source is written and never what it says. A password of a database does not stand in it.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from aliquot.terms import canonical, handwriting
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Name

Sign = Annotated[str, msgspec.Meta(min_length=1, max_length=1)]
_PASSWORD = re.compile(r"//[^/@]*:[^/]*@|[?&;](?:password|passwd|pwd)=", re.IGNORECASE)
MIXED = "mixed"
"""The character set of files that are UTF-8 in some lines and Windows-1252 in others."""


class _Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every kind has.

    `dates` gives the formats of deciding columns as `"table.column" = ["dd/mm/yyyy"]`, where the cells do not settle
    it by themselves (`legacy.dates` has the words).
    """

    dates: dict[str, tuple[str, ...]] = {}


class TextTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One table of delimited text. What is not said here is as it is said for the whole source.

    `path` is a file or a pattern (`RESULTS_*.TXT`, read in the order of the names), from the folder of `source.toml`.
    `columns` names the columns of files without a row of names.
    """

    path: str
    columns: tuple[Name, ...] = ()
    charset: str | None = None
    separator: Sign | None = None
    quote: str | None = None


class Delimited(_Form, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="delimited"):
    """Text with a separator between cells: what is called CSV, and a folder of OMOP tables.

    `charset` is a codec's name or `mixed`; `quote` is empty where no cell is quoted; `escape` is the sign before a
    quote that is meant; `absent` is the word that stands for no value at all (`NULL`); `trim` takes spaces after a
    separator away. `folder` makes a table of each file in it that fits `pattern`, named as the file without its ending.
    """

    charset: str = "utf-8-sig"
    separator: Sign = ","
    quote: Annotated[str, msgspec.Meta(max_length=1)] = '"'
    escape: Annotated[str, msgspec.Meta(max_length=1)] = ""
    absent: str = ""
    trim: bool = False
    folder: str = ""
    pattern: str = "*.csv"
    tables: dict[Name, TextTable] = {}


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column of a fixed-width file: it begins at `start` (the first place of a line is 1) and is `width` wide."""

    name: Name
    start: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    width: Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class FixedTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One table of fixed-width text. `length` is that of a whole line: a longer one is spoiled (0: any length)."""

    path: str
    spans: Annotated[tuple[Span, ...], msgspec.Meta(min_length=1)]
    length: int = 0


class Fixed(_Form, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="fixed"):
    """Text whose columns stand at fixed places. `counted` says whether places are characters or bytes of a line."""

    charset: str = "utf-8-sig"
    counted: Literal["characters", "bytes"] = "characters"
    names_in_first_line: bool = False
    tables: Annotated[dict[Name, FixedTable], msgspec.Meta(min_length=1)]


class Workbook(_Form, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="xlsx"):
    """A workbook: each sheet is a table, the row `names` (from 1) has the names of its columns."""

    path: str
    names: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class Parquet(_Form, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="parquet"):
    """Parquet files: a path or a pattern for each table."""

    tables: Annotated[dict[Name, str], msgspec.Meta(min_length=1)]


class Database(_Form, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="database"):
    """A running database, or a file of SQLite.

    `dsn` is SQLAlchemy's address without a password (`postgresql+psycopg://reader@host/base`,
    `mysql+pymysql://reader@host/base`, `sqlite:///old.db` from the folder of `source.toml`); `schema` is the one to
    look in, where it is not the user's own.
    """

    dsn: str
    schema: str = ""

    def __post_init__(self) -> None:
        if _PASSWORD.search(self.dsn):
            raise ValueError("a password does not stand in source.toml: it is asked for when the source is opened")


class Dump(_Form, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="dump"):
    """Files of SQL as mysqldump and pg_dump write them: CREATE TABLE, INSERT and COPY. Nothing of it is executed.

    `schema` is the one that is meant, or the database, where the dump has several.
    """

    path: str
    schema: str = ""
    charset: str = MIXED


class Messages(_Form, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="hl7v2"):
    """An archive of HL7 v2 messages: a file, a pattern or a folder. Its tables are `patients` and `results`.

    `charset`, a name of HL7 table 0211, holds for messages that declare none.
    """

    path: str
    charset: str = "UNICODE UTF-8"


class Resources(_Form, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="fhir"):
    """FHIR resources, one a line (NDJSON), or files of one resource or bundle each. A type of resource is a table."""

    path: str


Form = Delimited | Fixed | Workbook | Parquet | Database | Dump | Messages | Resources


@dataclass(frozen=True)
class Description:
    """A description, and the folder that its paths begin in."""

    folder: Path
    form: Form

    def digest(self) -> bytes:
        """SHA-256 over what it says, wherever it stands."""
        return hashlib.sha256(canonical.encode(self.form)).digest()

    def charset(self, table: str) -> str:
        """What the text of a table is said to be written in; nothing, where that is not for the description to say."""
        match self.form:
            case Delimited(tables=tables, charset=charset):
                return (tables[table].charset if table in tables else None) or charset
            case Fixed(charset=charset) | Dump(charset=charset) | Messages(charset=charset):
                return charset
            case _:
                return ""

    def files(self, path: str) -> list[Path]:
        """The files of a path or pattern, in the order of their names.

        Raises:
            Refused: there is none.
        """
        whole = self.folder / path
        if whole.is_dir():
            found = sorted(file for file in whole.rglob("*") if file.is_file())
        elif whole.is_file():
            found = [whole]
        else:
            # A name with brackets in it is a name before it is a pattern.
            found = sorted(file for file in self.folder.glob(path) if file.is_file()) if _relative(path) else []
        if not found:
            raise Refused(f"source.toml: {path}: there is no such file")
        return found


def read(file: Path) -> Description:
    """The description in a file.

    Raises:
        Refused: it cannot be read, or a key is unknown, missing or of another type; the message names it.
    """
    try:
        raw = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(f"{file.name}: it cannot be read") from None
    return Description(file.parent, parse(raw, file.name))


def parse(raw: str, name: str = "source.toml") -> Form:
    """The form in the text of a description.

    Raises:
        Refused: as `read`.
    """
    return handwriting.read(raw, Form, name)  # type: ignore[arg-type]  # mypy sees no type in a union of structs


def _relative(path: str) -> bool:
    return bool(path) and not Path(path).is_absolute()
