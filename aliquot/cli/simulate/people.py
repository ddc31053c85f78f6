"""Who the patients of the old laboratory really are. None of them can exist.

As in the demonstration: national numbers have a valid key and the commune code 999, which no commune has; telephone
numbers are from the blocks that ARCEP keeps for fiction (02 61 91 and 06 39 98); e-mail is at example.org (RFC 2606).
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import accumulate
from random import Random
from typing import Final, TypeVar

from aliquot.cli.simulate import days, rates
from aliquot.cli.simulate.records import Person
from aliquot.cli.simulate.vocabulary import NAMES, WORDS
from aliquot.terms import identifiers
from aliquot.terms.errors import Refused

_T = TypeVar("_T")

WOMAN: Final = "MME"
MAN: Final = "M."
CHILD: Final = "ENF"
BABY: Final = "BEBE"
SISTER: Final = "SOEUR"

_TITLES: Final = (WOMAN, MAN, CHILD, BABY, SISTER, "")
_TITLE_ENDS: Final = tuple(accumulate((rates.WOMEN, rates.MEN, rates.CHILDREN, rates.BABIES, rates.SISTERS)))
_TOWNS: Final = tuple(town for town in WORDS.towns for _ in range(town[2]))
_DEPARTMENTS: Final = tuple(sorted({town[0] for town in WORDS.towns}))
_SERIALS: Final = 999
_OLDEST_YEARS: Final = 97
_MARRIED_SHARE: Final = 0.5
_YEAR: Final = 365.25


class Numbers:
    """National numbers that nobody was given, each given once. Memory is the same however many were drawn."""

    def __init__(self) -> None:
        self._taken = bytearray(2 * 100 * 12 * len(_DEPARTMENTS) * _SERIALS // 8 + 1)

    def draw(self, rng: Random, sex: str, born: int, department: str) -> str:
        """A number for somebody of this sex, birth month and department, with its key.

        Raises:
            Refused: all of them are taken.
        """
        on = date.fromordinal(born)
        month = ((sex == "F") * 100 + on.year % 100) * 12 + on.month - 1
        start = (month * len(_DEPARTMENTS) + _DEPARTMENTS.index(department)) * _SERIALS
        first = rng.randrange(_SERIALS)
        for step in range(_SERIALS):
            serial = (first + step) % _SERIALS
            if self._take(start + serial):
                body = f"{'2' if sex == 'F' else '1'}{on:%y%m}{department}999{serial + 1:03d}"
                return body + identifiers.nir_key(body)
        raise Refused("simulate: more people than there are invented national numbers")

    def _take(self, place: int) -> bool:
        byte, bit = divmod(place, 8)
        if self._taken[byte] >> bit & 1:
            return False
        self._taken[byte] |= 1 << bit
        return True


def people(seed: int) -> Iterator[tuple[Random, Person, int]]:
    """Everybody who ever came, without end: their chance, who they are, and the day on which they first came.

    Somebody whose chance begins with a twin is followed by the twin.
    """
    numbers = Numbers()
    number = 0
    while True:
        rng = Random(f"{seed}/{number}")
        person, came = _person(rng, number, numbers)
        yield rng, person, came
        number += 1
        if rng.random() < rates.TWIN and person.title != SISTER:
            rng = Random(f"{seed}/{number}")
            yield rng, _twin(rng, person, number, numbers), came
            number += 1


def pick(rng: Random, of: Sequence[_T]) -> _T:
    """One of them; faster than `Random.choice`, which this does for every patient dozens of times."""
    return of[int(rng.random() * len(of))]


def family(rng: Random) -> str:
    """A surname that looks French and is put together from syllables."""
    return pick(rng, NAMES.family_starts) + pick(rng, WORDS.family_middles) + pick(rng, NAMES.family_ends)


def given(rng: Random, sex: str) -> tuple[str, ...]:
    """One first name or two."""
    names = NAMES.female if sex == "F" else NAMES.male
    return (pick(rng, names),) if rng.random() < 0.6 else (pick(rng, names), pick(rng, names))


def _person(rng: Random, number: int, numbers: Numbers) -> tuple[Person, int]:
    came = days.OPENED + int((days.LAST - days.OPENED) * rng.random())
    title = _title(rng.random())
    sex = _sex(title, rng)
    born = came - _age_days(title, rng)
    birth_family = family(rng)
    grown = came - born > 25 * _YEAR
    used = family(rng) if sex == "F" and grown and rng.random() < _MARRIED_SHARE else birth_family
    department, town, _ = pick(rng, _TOWNS)
    minor = title in (CHILD, BABY)
    parent = born - int(_YEAR * (20 + 20 * rng.random()))
    died = came + int((days.LAST - came) * rng.random()) if rng.random() < rates.DECEASED else 0
    return Person(
        number=number,
        title=title,
        sex=sex,
        family=used,
        birth_family=birth_family,
        given=given(rng, sex),
        born=born,
        died=died,
        nir="" if minor else numbers.draw(rng, sex, born, department),
        insured_nir=numbers.draw(rng, pick(rng, "FM"), parent, department) if minor else "",
        department=department,
        town=town,
        street=f"{1 + int(rng.random() * 120)} {pick(rng, NAMES.streets)}",
    ), came


def _twin(rng: Random, first: Person, number: int, numbers: Numbers) -> Person:
    """Born on the same day under the same name; a minor one even shows the same number of the same parent."""
    return Person(
        number=number,
        title=first.title,
        sex=first.sex,
        family=first.birth_family if first.sex == "F" else first.family,
        birth_family=first.birth_family,
        given=(
            pick(rng, [name for name in (NAMES.female if first.sex == "F" else NAMES.male) if name not in first.given]),
        ),
        born=first.born,
        died=0,
        nir="" if first.insured_nir else numbers.draw(rng, first.sex, first.born, first.department),
        insured_nir=first.insured_nir,
        department=first.department,
        town=first.town,
        street=first.street,
        twin=True,
    )


def _title(chance: float) -> str:
    return next((title for title, end in zip(_TITLES, _TITLE_ENDS, strict=False) if chance < end), "")


def _sex(title: str, rng: Random) -> str:
    if title in (WOMAN, SISTER):
        return "F"
    return "M" if title == MAN else pick(rng, "FM")


def _age_days(title: str, rng: Random) -> int:
    if title == BABY:
        return int(rng.random() * 365)
    if title == CHILD:
        return int(_YEAR * (1 + 14 * rng.random()))
    return int(_YEAR * (16 + rng.betavariate(2.0, 1.6) * (_OLDEST_YEARS - 16)))
