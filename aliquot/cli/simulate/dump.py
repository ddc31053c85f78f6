r"""The tables as a vendor's dump: one file of SQL with CREATE TABLE and INSERTs of many rows, as mysqldump writes it.

Text is escaped with backslashes, line breaks are `\n`, and the file declares latin1 (which is cp1252 to that program),
although some rows were written in UTF-8 by a newer one.
"""

import re
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, Final

from aliquot.cli.simulate.rates import Mess
from aliquot.cli.simulate.tables import TABLES, Cell, Row, Table

_ROWS: Final = 200
"""Rows of one INSERT."""

_ESCAPES: Final = str.maketrans(
    {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\0": "\\0", "\x1a": "\\Z"}
)
_SPECIAL: Final = re.compile(r"""[\\'"\n\r\0\x1a]""")
_HEAD: Final = """\
-- MEGADUMP 4.2  Distrib 5.1.73, for pc-linux (i686)
--
-- Host: localhost    Database: labo_prod
-- ------------------------------------------------------
-- Server version\t5.1.73-log

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES latin1 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
"""
_TAIL: Final = """
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2020-10-30 23:59:07
"""


class Dump:
    """Writes the rows of each table to a file of its own and, at the end, one after another into the dump."""

    def __init__(self, out: Path) -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        self._out = out
        self._parts = tempfile.TemporaryDirectory(prefix=".dump-", dir=out.parent)
        self._files = {table.name: _Part(Path(self._parts.name) / table.name, table) for table in TABLES}

    def insert(self, table: Table, row: Row, *, utf8: bool) -> tuple[str, ...]:
        """Write a row; one with accents that a newer program wrote is not in the character set of the file."""
        text = f"({','.join(map(_literal, row))})"
        other = utf8 and not text.isascii()
        self._files[table.name].write(text.encode("utf-8" if other else "cp1252"))
        return (Mess.OTHER_CHARSET,) if other else ()

    def close(self) -> None:
        """Put the tables together."""
        with self._out.open("wb") as out:
            out.write(_HEAD.encode("ascii"))
            for table in TABLES:
                out.write(_before(table).encode("ascii"))
                self._files[table.name].copy(out)
                out.write(_after(table).encode("ascii"))
            out.write(_TAIL.encode("ascii"))
        self._parts.cleanup()


class _Part:
    """The INSERTs of one table."""

    def __init__(self, path: Path, table: Table) -> None:
        self._file = path.open("w+b", buffering=1 << 18)
        self._begins = f"INSERT INTO `{table.name}` VALUES ".encode("ascii")
        self._rows = 0

    def write(self, row: bytes) -> None:
        if self._rows % _ROWS == 0:
            self._file.write((b";\n" if self._rows else b"") + self._begins + row)
        else:
            self._file.write(b"," + row)
        self._rows += 1

    def copy(self, out: BinaryIO) -> None:
        if self._rows:
            self._file.write(b";\n")
        self._file.seek(0)
        shutil.copyfileobj(self._file, out)
        self._file.close()


def _literal(cell: Cell) -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, int):
        return str(cell)
    return f"'{cell.translate(_ESCAPES)}'" if _SPECIAL.search(cell) else f"'{cell}'"


def _before(table: Table) -> str:
    columns = [
        f"  `{column.name}` " + (f"varchar({column.length}) DEFAULT NULL" if column.length else "int(11) NOT NULL")
        for column in table.columns
    ]
    if table.keyed:
        columns.append(f"  PRIMARY KEY (`{table.columns[0].name}`)")
    inside = ",\n".join(columns)
    return f"""
--
-- Table structure for table `{table.name}`
--

DROP TABLE IF EXISTS `{table.name}`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
CREATE TABLE `{table.name}` (
{inside}
) ENGINE=MyISAM DEFAULT CHARSET=latin1 COMMENT='v4.2; ne pas modifier (support)';
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `{table.name}`
--

LOCK TABLES `{table.name}` WRITE;
/*!40000 ALTER TABLE `{table.name}` DISABLE KEYS */;
"""


def _after(table: Table) -> str:
    return f"/*!40000 ALTER TABLE `{table.name}` ENABLE KEYS */;\nUNLOCK TABLES;\n"
