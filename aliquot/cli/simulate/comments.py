"""Free text as people typed it into the old program: harmless, sensitive, and hostile to whoever reads files."""

from random import Random
from typing import Final

from aliquot.cli.simulate import rates
from aliquot.cli.simulate.people import pick
from aliquot.cli.simulate.rates import Mess
from aliquot.cli.simulate.vocabulary import WORDS

_SENSITIVE: Final = tuple(
    (Mess(f"sensitive-{kind}"), text) for kind, texts in WORDS.sensitive.items() for text in texts
)
_HOSTILE: Final = ((Mess.LINE_BREAK, "", "\n"), (Mess.SEPARATOR, "", "; "), (Mess.QUOTE, '"', " "))


def patient(rng: Random) -> tuple[str, str, tuple[str, ...]]:
    """The two comments on a patient, and what mess they are."""
    first = second = ""
    kinds: tuple[str, ...] = ()
    if rng.random() < rates.COMMENT:
        first, kinds = hostile(pick(rng, WORDS.comments), rng)
    if rng.random() < rates.SENSITIVE:
        kind, second = sensitive(rng)
        kinds = (*kinds, kind)
    return first, second, (*kinds, Mess.COMMENT) if first or second else kinds


def sensitive(rng: Random) -> tuple[Mess, str]:
    """A comment that would hurt, with its class."""
    return pick(rng, _SENSITIVE)


def hostile(text: str, rng: Random) -> tuple[str, tuple[str, ...]]:
    """The text, now and then with a line break, a separator or an opening quote in it."""
    if rng.random() >= rates.HOSTILE / rates.COMMENT:
        return text, ()
    kind, before, between = pick(rng, _HOSTILE)
    return f"{before}{text}{between}{pick(rng, WORDS.comments)}", (kind,)
