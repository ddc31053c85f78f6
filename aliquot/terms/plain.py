"""Words that people sign are words that they see: no character hides others, or makes them stand elsewhere.

An escape sequence wipes a line of a terminal, and a mark of direction turns the order of what a page shows; the first
of two people could so sign something else than the second one reads. Source: Unicode, categories Cc, Cf, Zl and Zp.
"""

import re
from typing import Final

HIDDEN: Final = (
    r"\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
"""Characters that show nothing and change what is shown, as the inside of a regular expression's brackets."""
WORDS: Final = rf"^[^{HIDDEN}]*\Z"
"""What a text must look like that holds none of them."""
_HIDDEN = re.compile(f"[{HIDDEN}]")


def is_plain(text: str) -> bool:
    """Whether a text shows all that it says."""
    return not _HIDDEN.search(text)


def shown(text: str) -> str:
    """A line as a terminal may have it: what would show nothing is written as Python writes it, `\\x1b`."""
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
