"""The words of a dump: where a statement begins and ends, the rows of an INSERT, the lines of a COPY.

Bytes are cut as single-byte text and decoded cell by cell, because one statement holds rows of many years.
"""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from aliquot.legacy.sources import bodies, dialects, lines
from aliquot.terms.errors import Refused

BYTES = "latin-1"

_BLOCK = 1 << 18
_LONGEST = 64 << 20
"""The longest statement head or row; a scanned letter inside a row is within it."""
_HEAD = 1 << 16

_ONE = r"(?:`[^`]+`|\"[^\"]+\"|\[[^\]]+\]|[\w$\x80-\xff]+)"
_NAME = rf"(?P<within>(?:{_ONE}\s*\.\s*)*)(?P<name>{_ONE})"
_WITHIN = re.compile(_ONE)
_COLUMNS = r"(?:\((?P<columns>[^()]*)\)\s*)?"
_HEADS = {
    "CREATE": re.compile(rf"CREATE\s+(?:\w+\s+)*TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}\s*\(", re.IGNORECASE),
    "INSERT": re.compile(
        rf"(?:INSERT|REPLACE)\s+(?:\w+\s+)*?INTO\s+{_NAME}\s*{_COLUMNS}(?:OVERRIDING\s+\w+\s+VALUE\s+)?VALUES?",
        re.IGNORECASE,
    ),
    "COPY": re.compile(rf"COPY\s+{_NAME}\s*{_COLUMNS}FROM\s+stdin[^;\n]*;[ \t]*\r?\n", re.IGNORECASE),
}
_HEADS["REPLACE"] = _HEADS["INSERT"]
UNREAD = re.compile(rf"(?:INSERT|REPLACE|COPY)\s+(?:(?:\w+\s+)*?INTO\s+)?{_NAME}", re.IGNORECASE)
"""The head of a statement that brings rows, and is written as no dump writes it."""
_STATEMENT = re.compile(r"(?:CREATE|INSERT|REPLACE|COPY)\b", re.IGNORECASE)
_BLOCK_COMMENT = r"/\*(?:[^*]++|\*(?!/))*+\*/"
# A comment ends with its line, and not where what is in memory ends.
_SPACE = re.compile(rf"(?:[\s;]++|--[^\n]*+\n|#[^\n]*+\n|{_BLOCK_COMMENT})*+")
_COMMENTS = ("--", "#", "/*")
_DELIMITER = re.compile(r"DELIMITER\s+(\S+)", re.IGNORECASE)
_USE = re.compile(r"USE\s+([^;\r\n]+);?", re.IGNORECASE)
_CONNECT = re.compile(r"\\c(?:onnect)?[ \t]+(?:-\S+[ \t]+)?\"?(?:dbname=)?'?([^-'\"\r\n][^'\"\r\n]*)")
_PATH = re.compile(
    r"SET\s+(?:(?:SESSION|LOCAL)\s+)?(?:search_path\s*(?:=|TO\b)|SCHEMA\b)([^;]*)"
    r"|SELECT\s+(?:pg_catalog\.)?set_config\(\s*'search_path'\s*,\s*'([^']*)'",
    re.IGNORECASE,
)
"""Where PostgreSQL looks for a table whose name is written without a schema."""
_DATA = re.compile(r"(?:INSERT|REPLACE|CREATE\s+(?:\w+\s+)*TABLE)\b", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_MEANT = {"n": "\n", "r": "\r", "t": "\t", "0": "", "b": "\b", "Z": "\x1a", "v": "\v", "f": "\f"}
_COLUMN = re.compile(rf"\s*({_ONE})")
_CLAUSES = {"PRIMARY", "UNIQUE", "KEY", "CONSTRAINT", "INDEX", "FOREIGN", "CHECK", "FULLTEXT", "SPATIAL", "EXCLUDE"}
_PARTS = re.compile(
    rf"--[^\n]*|{_BLOCK_COMMENT}|[(),]|'(?:[^'\\]|\\.|'')*'|`[^`]*`|\"[^\"]*\"|[^(),'`\"/-]+|[/-]", re.DOTALL
)
_GO = r"GO(?:[ \t]+\d+)?[ \t]*(?=[\r\n])"
"""The line with which SQL Server ends what is done at a time, with or without semicolons."""
_BEGINS = re.compile(_GO, re.IGNORECASE)
_AMONG = re.compile(rf"\n[ \t]*{_GO}", re.IGNORECASE)
_NEXT = re.compile(rf"\n[ \t]*(?:{_GO}|INSERT\s+(?:INTO\s|[^\n]*\bVALUES\b))", re.IGNORECASE)
"""The next statement, which tells that the one before had no semicolon."""
_KEPT = 2
"""Signs before the place where we are that say what follows: the E before a string."""

# What may hold quotes and semicolons that are none of the statement's: comments and bodies of functions. A sign that
# could begin one, and is the last in memory, is not decided upon before there is more.
_STANDARD = (
    rf"--[^\n]*+\n|{_BLOCK_COMMENT}",
    r"-(?!-|\Z)|/(?!\*|\Z)",
    r"(?<![\w$])\$(?P<tag>\w*+)\$.*?\$(?P=tag)\$|(?<=[\w$])\$|\$(?!\w*+(?:\$|\Z))",
)
_MYSQLS = (rf"--(?=\s)[^\n]*+\n|{_BLOCK_COMMENT}", r"-(?!-|\Z)|--(?=\S)|/(?!\*|\Z)", r"\$")


class Grammar:
    """How this dump quotes: a backslash escapes (MySQL), or stands for itself (standard SQL)."""

    def __init__(self, beginning: str) -> None:
        self.backslash = dialects.escapes(beginning)
        text = r"'(?:[^'\\]++|\\.|'')*+'" if self.backslash else r"(?:[eE]'(?:[^'\\]++|\\.|'')*+'|'(?:[^']++|'')*+')"
        value = rf"(?:(?:_\w+\s*+|[NB](?='))?({text})|(?:0x|[xX]')([0-9A-Fa-f]*+)'?|([^\s,'()]++))"
        whole = rf"(?:(?:_\w+\s*+|[NB](?='))?{text}|(?:0x|[xX]')[0-9A-Fa-f]*+'?|[^\s,'()]++)"
        flags = re.DOTALL
        # Up to the end of the statement, or of what is in memory of it; the E before a string was taken already.
        within = text if self.backslash else r"(?:(?<=\W[eE])'(?:[^'\\]++|\\.|'')*+'|'(?:[^']++|'')*+')"
        comment, alone, body = _MYSQLS if self.backslash else _STANDARD
        quoted = r"\"[^\"]*+\"|`[^`]*+`"
        self.aside = re.compile(rf"{within}|{quoted}|{comment}|{body}", flags)
        self.inside = re.compile(rf"(?:[^;'\"`$/-]++|{within}|{quoted}|{comment}|{alone}|{body})*+", flags)
        gap = rf"(?:\s++|{comment})*+"
        self.row = re.compile(rf"{gap}\((\s*+{whole}\s*+(?:,\s*+{whole}\s*+)*+)\){gap}(,|;|(?=ON\b))", flags)
        inner = rf"(?:[^'()]++|{text})*+"
        self.odd = re.compile(rf"{gap}\((?:[^'()]++|{text}|\({inner}\))*+\){gap}(,|;|(?=ON\b))", flags)
        self.value = re.compile(rf"\s*+{value}\s*+(?:,|$)", flags)

    def meant(self, written: str) -> str:
        """The text between quotes, unescaped."""
        inner = written[1:-1] if written[0] == "'" else written[written.index("'") + 1 : -1]
        if self.backslash or written[0] in "eE":
            return _ESCAPE.sub(_unescaped, inner) if "\\" in inner or "''" in inner else inner
        return inner.replace("''", "'") if "''" in inner else inner


class Window:
    """The part of a dump that is in memory, and where in it we are."""

    def __init__(self, raw: BinaryIO, name: str, reached: Callable[[], None]) -> None:
        self._raw = raw
        self._name = name
        self._reached = reached
        self._text = ""
        self._at = 0
        self._ended = False
        self._closed = True
        self._base: tuple[str, ...] = ()
        self._schema: tuple[str, ...] = ()
        self._fill(_BLOCK)
        self.grammar = Grammar(self._text[:_HEAD])

    def statements(self) -> Iterator[re.Match[str]]:
        """The heads of the statements that name a table; whoever takes one goes on to its end.

        One that brings rows in another way than a dump does has a head of `UNREAD`.
        """
        while self._settled():
            if delimiter := _DELIMITER.match(self._text, self._at):
                self._pass_by(delimiter[1])
                continue
            verb = _STATEMENT.match(self._text, self._at)
            head = _HEADS[verb[0].upper()].match(self._text, self._at) if verb else None
            head = head or UNREAD.match(self._text, self._at)
            if head is None:
                if not self._moved():
                    self._pass_over()
                continue
            if _AMONG.search(head[0]):
                raise self._not_ours()
            self._at = head.end()
            yield head

    def place(self, within: str) -> tuple[str, ...]:
        """Where a table stands: its database and its schema, as far as the dump says them.

        `within` is what is written before its name, which goes before what holds for all tables that follow.
        """
        own = tuple(map(bare, _WITHIN.findall(within))) if within else self._schema
        return (*self._base, *own)

    def whole(self) -> str:
        """The rest of the statement.

        Raises:
            Refused: the next one is in it.
        """
        return self._whole(_NEXT)

    def skip(self) -> None:
        """Go to the end of the statement."""
        for _ in self._to_the_end():
            pass

    def pass_by(self) -> None:
        """Go to the end of a statement that brings rows.

        Raises:
            Refused: the next one is in it; or it has no end, for the file was cut short: nobody can say how many rows
                are missing.
        """
        for _ in self._by_itself(_NEXT):
            pass
        if not self._closed:
            raise self._breaks_off()

    def rows(self) -> Iterator[str | None]:
        """The rows of an INSERT as they stand between brackets; None for one that is not a list of plain values."""
        while True:
            found = self._match(self.grammar.row)
            if found is None:
                found = self._match(self.grammar.odd)
                yield None
                if found is None:
                    self.skip()
                    return
            else:
                yield found[1]
            if not found[found.lastindex or 0]:
                self.skip()
            if found[found.lastindex or 0] != ",":
                return

    def lines(self) -> Iterator[str]:
        """The lines of a COPY up to the one that ends it.

        Raises:
            Refused: the file was cut short before.
        """
        while (line := self._line()) != "\\.":
            if line is None:
                raise self._breaks_off()
            yield line

    def _line(self) -> str | None:
        end = self._text.find("\n", self._at)
        while end < 0 and not self._ended:
            self._bounded()
            # Twice as much each time, as in `_match`.
            self._fill(max(_BLOCK, len(self._text) - self._at))
            end = self._text.find("\n", self._at)
        if end < 0:
            return None
        line = self._text[self._at : end]
        self._at = end + 1
        return line.removesuffix("\r")

    def _settled(self) -> bool:
        """Whether a statement begins here, with enough of it in memory to tell which."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            whole = len(self._text) - self._at >= _HEAD and not self._text.startswith(_COMMENTS, self._at)
            if self._ended or whole:
                return self._at < len(self._text)
            self._bounded()
            self._fill(max(_BLOCK, len(self._text) - self._at))

    def _pass_by(self, sign: str) -> None:
        """Triggers and procedures of MySQL end with a sign of their own, and hold statements that are no data."""
        line = self._line()
        begins = True
        while sign != ";":
            line = self._line()
            if line is None:
                raise Refused(f"{self._name}: a DELIMITER is not set back to a semicolon")
            if begins and _DATA.match(line):
                raise Refused(
                    f"{self._name}: a table or rows under another DELIMITER than a semicolon: they are not read"
                )
            if begins and (used := _USE.match(line)):
                self._use(used[1].removesuffix(sign))
            found = _DELIMITER.match(line)
            sign = found[1] if found else sign
            if line.strip() and not line.startswith(("--", "#")):
                begins = bool(found) or line.rstrip().endswith(sign)

    def _moved(self) -> bool:
        """Whether nothing stands here but the word in which database what follows stands; a schema is only noted."""
        if self._text[self._at] == "\\":
            # A line for the program that plays the dump in, which no semicolon ends.
            if base := _CONNECT.match(self._line() or ""):
                self._base, self._schema = (bare(base[1]),), ()
            return True
        if used := _USE.match(self._text, self._at):
            self._at = used.end()
            self._use(used[1])
            return True
        if path := _PATH.match(self._text, self._at):
            first = bare((path[1] or path[2] or "").split(",")[0].strip(" \t\r\n'"))
            self._schema = (first,) if first else ()
        return False

    def _use(self, name: str) -> None:
        # To MySQL a database is what others call a schema, and what is written before a name.
        if self.grammar.backslash:
            self._schema = (bare(name),)
        else:
            self._base, self._schema = (bare(name),), ()

    def _pass_over(self) -> None:
        """Go to the end of a statement that brings no rows and makes no table."""
        if _BEGINS.match(self._text, self._at):
            raise self._not_ours()
        if self._text[self._at : self._at + len("CREATE")].upper() != "CREATE":
            for _ in self._by_itself(_NEXT):
                pass
            return
        # A trigger may say what is to be inserted one day.
        body = bodies.Body()
        while body.goes_on(self.grammar.aside.sub(_blank, self._whole(_AMONG))):
            if not self._closed:
                raise Refused(f"{self._name}: the body of a trigger or function does not end: what follows is not read")

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        while found is None and not self._ended and len(self._text) - self._at < _LONGEST:
            # Twice as much each time, so that a long row is not looked through once for every block of it.
            self._fill(max(_BLOCK, len(self._text) - self._at))
            found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()
        return found

    def _whole(self, following: re.Pattern[str]) -> str:
        parts: list[str] = []
        much = 0
        for part in self._by_itself(following):
            parts.append(part)
            much += len(part)
            if much > _LONGEST:
                raise self._endless()
        return "".join(parts)

    def _by_itself(self, following: re.Pattern[str]) -> Iterator[str]:
        for part in self._to_the_end():
            # What is quoted is looked at only where it could matter.
            if following.search(part) and following.search(self.grammar.aside.sub(_blank, part)):
                raise self._not_ours()
            yield part

    def _to_the_end(self) -> Iterator[str]:
        while True:
            found = self.grammar.inside.match(self._text, self._at)
            self._at = found.end() if found else self._at
            yield found[0] if found else ""
            if self._text[self._at : self._at + 1] == ";":
                self._at += 1
                self._closed = True
                return
            if self._ended:
                self._closed = False
                self._at = len(self._text)
                return
            self._bounded()
            self._fill(max(_BLOCK, len(self._text) - self._at))

    def _breaks_off(self) -> Refused:
        return Refused(f"{self._name}: the dump breaks off among its rows: it was cut short, and is fetched again")

    def _not_ours(self) -> Refused:
        return Refused(
            f"{self._name}: a statement that no semicolon ends, as SQL Server writes them: dumps of MySQL, MariaDB, "
            "PostgreSQL and SQLite are read"
        )

    def _bounded(self) -> None:
        if len(self._text) - self._at > _LONGEST:
            raise self._endless()

    def _endless(self) -> Refused:
        return Refused(f"{self._name}: a text of more than {_LONGEST >> 20} MB, or one that is not closed")

    def _fill(self, much: int) -> None:
        taken = lines.taken(self._raw, self._name, much)
        self._ended = not taken
        begins = max(0, self._at - _KEPT)
        self._text = self._text[begins:] + taken.decode(BYTES)
        self._at -= begins
        self._reached()


def bare(name: str) -> str:
    """A name without its quotes."""
    return name.strip().strip('`"[]')


def created(body: str) -> list[str]:
    """The columns that CREATE TABLE defines, in their order."""
    names: list[str] = []
    depth, begins = 0, True
    for part in _PARTS.findall(body):
        if part.startswith(_COMMENTS):
            continue
        column = _COLUMN.match(part) if begins and depth == 0 else None
        if column and part.strip():
            begins = False
            if column[1].upper() not in _CLAUSES:
                names.append(bare(column[1]))
        depth += {"(": 1, ")": -1}.get(part, 0)
        if depth < 0:
            break
        begins = begins or (part == "," and depth == 0)
    return names


def _blank(found: re.Match[str]) -> str:
    return "\n" if found[0].endswith("\n") else " "


def _unescaped(found: re.Match[str]) -> str:
    sign = found[1]
    return "'" if sign is None else _MEANT.get(sign, sign)
