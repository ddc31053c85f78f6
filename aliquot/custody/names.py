"""Names as they are compared: folded to letters, split into words, and by how they sound.

Nothing here keeps a name: the functions are pure, and no cache stands before them.
"""

import unicodedata

# Most names take this way, four times faster: it decides how long an unlock takes.
_ASCII = {code: " " for code in range(128) if not chr(code).isalpha()}
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
    if name.isascii():
        return name.lower().translate(_ASCII).split()
    folded = unicodedata.normalize("NFKD", name).casefold().translate(_LIGATURES)
    return "".join(_kept(character) for character in folded).split()


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


def _kept(character: str) -> str:
    kind = unicodedata.category(character)
    if kind[0] == "M":
        return ""
    # A modifier letter is how some keyboards write an apostrophe.
    return character if kind[0] == "L" and kind != "Lm" else " "
