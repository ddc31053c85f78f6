"""Names as they are compared: folded to letters, split into words, and by how they sound.

Nothing here keeps a name: the functions are pure, and what is remembered is single characters.
"""

import unicodedata

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})

# French spelling to sound, in this order; what is not French passes through nearly unchanged.
# Source: the rewrite list of FORENSICS.md 2.2, for a word that is folded already.
_SOUNDS = (
    ("ph", "f"), ("eau", "o"), ("au", "o"), ("qu", "k"), ("ck", "k"), ("q", "k"), ("y", "i"), ("ch", "%"), ("h", ""),
    ("ce", "se"), ("ci", "si"), ("c", "k"), ("ge", "je"), ("gi", "ji"), ("z", "s"), ("ain", "in"), ("ein", "in"),
    ("ai", "e"), ("ei", "e"),
    ("en", "an"), ("em", "an"), ("am", "an"), ("om", "on"), ("im", "in"),
)  # fmt: skip
_SILENT = "stdxep"


def words(name: str) -> list[str]:
    """The words of a name, in small letters without accents: "D'Arçon-Le Goff" gives d, arcon, le, goff.

    Apostrophes, hyphens, dots and digits part words; letters of any script stay.
    """
    return name.translate(_FOLDS).split()


def sound(word: str) -> str:
    """How a folded word sounds to a French ear: Dupond and Dupont are one."""
    for written, heard in _SOUNDS:
        word = word.replace(written, heard)
    single = "".join(letter for at, letter in enumerate(word) if at == 0 or letter != word[at - 1])
    return single.rstrip(_SILENT) or single


def one_slip_apart(one: str, other: str) -> bool:
    """Whether one slip of the hand makes the one into the other: a letter more, less, another, or two exchanged."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    if len(one) < len(other):
        return one[start:] == other[start + 1 :]
    return one[start + 1 :] == other[start + 1 :] or (
        one[start : start + 2] == other[start : start + 2][::-1] and one[start + 2 :] == other[start + 2 :]
    )


class _Folds(dict[int, str]):
    """What each character becomes. It is filled as characters are met: 0.4 us a name, which decides how long an unlock
    takes, where folding each name anew took 5 us if it had an accent."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKD", chr(code)).casefold().translate(_LIGATURES)
        self[code] = "".join(_kept(character) for character in folded)
        return self[code]


def _kept(character: str) -> str:
    kind = unicodedata.category(character)
    if kind[0] == "M":
        return ""
    # A modifier letter is how some keyboards write an apostrophe.
    return character if kind[0] == "L" and kind != "Lm" else " "


_FOLDS = _Folds()
