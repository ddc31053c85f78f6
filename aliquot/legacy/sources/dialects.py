"""Whose dump it is, told by its first signs that stand outside quotes: a backslash escapes only in those of MySQL."""

import re

_SIGNS = re.compile(
    r"""
      (?P<mysql> /\*M?! | (?:--|\#|/\*)[^\n]*(?:MySQL|MariaDB)[ -]dump | ` | \bENGINE\s*= )
    | (?P<other> --\s*PostgreSQL\ database | \bPRAGMA\b | \bBEGIN\s+TRANSACTION\b | ^COPY\b[^;]*\bFROM\s+stdin\b )
    | --[^\n]* | ^\#[^\n]* | /\*.*?(?:\*/|\Z)
    | \b[eE]'(?:[^'\\]++|\\.|'')*+(?:'|\Z)
    | '(?:[^']++|'')*+(?: (?P<escaped>(?<=\\)'(?=\w)) | '|\Z)
    | "[^"]*+(?:"|\Z)
    | (?<![\w$])\$(?P<tag>\w*+)\$.*?(?:\$(?P=tag)\$|\Z)
    """,
    re.IGNORECASE | re.DOTALL | re.MULTILINE | re.VERBOSE,
)
"""Of MySQL: comments that only it executes, the comment that names its program, names in backticks, `ENGINE=`, and a
quotation mark behind a backslash that would end a text in the midst of a word. SQLite keeps the backticks of a CREATE
TABLE as somebody wrote them, and says before who it is. What is quoted is passed whole, for somebody typed it.
"""


def escapes(beginning: str) -> bool:
    """Whether a backslash escapes in this dump, as in those of MySQL and MariaDB, or stands for itself."""
    for sign in _SIGNS.finditer(beginning):
        if sign["other"]:
            return False
        if sign["mysql"] or sign["escaped"]:
            return True
    return False
