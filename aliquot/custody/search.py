"""The search index of one laboratory, in custody's memory only: birth date first, then a few letters of the names.

It is built from the sealed extracts at unlock, answers with ids and scores and never with a name, and does not exist at
rest. It is lean, because a national register must fit (54 bytes a patient, measured): each birth date has one run of
bytes, in which each patient takes 16 bytes of id, 2 of length, and the folded names.

Rules: DOMAIN.md 4 (a birth date, at most three letters each of family and given name, at most five answers).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import product

from aliquot.custody import names, sounds
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Found, Hit
from aliquot.custody.sounds import Sounds
from aliquot.terms.identity import Demography

MOST_HITS = 5
MOST_LETTERS = 3

_ID_BYTES = 16
_HEAD_BYTES = _ID_BYTES + 2
_BETWEEN = "\x1f"
_PART = _BETWEEN.encode()
_LONGEST_NAME = 200
_MOST_GIVEN = 20
_ENOUGH = 0.7
_SAME_DAY = "same-birth-date"
_WEIGHTS = {
    _SAME_DAY: 0.4,
    "day-and-month-exchanged": 0.2,
    "birth-date-one-digit-off": 0.2,
    "birth-date-digits-exchanged": 0.2,
    "names-exchanged": 0.55,
    "same-family-name": 0.4,
    "family-name-sounds-alike": 0.3,
    "family-name-one-letter-off": 0.3,
    "part-of-family-name": 0.25,
    "same-given-name": 0.2,
    "given-name-alike": 0.15,
}


@dataclass(frozen=True)
class Similar:
    """A patient who may be the one that is being registered, how well it fits (0 to 1), and why."""

    patient: bytes
    score: float
    reasons: tuple[str, ...]


class Index:
    """The patients of one laboratory, by birth date."""

    __slots__ = ("_days", "_size", "_sounds")

    def __init__(self) -> None:
        self._days: defaultdict[int, bytearray] = defaultdict(bytearray)
        self._size = 0
        # For `near` only, once it was asked for.
        self._sounds: Sounds | None = None

    def __len__(self) -> int:
        return self._size

    def add(self, patient: bytes, demography: Demography) -> None:
        """From now on this patient is found. One who was found under other names before is removed first."""
        self._days[demography.born_on.toordinal()] += _record(patient, _told(demography))
        self._size += 1
        if self._sounds is not None:
            sound = names.sound("".join(names.words(demography.family)))
            self._sounds.add(sound, sounds.written(demography.born_on), patient)

    def remove(self, patient: bytes) -> None:
        """This patient is found no more. It reads the whole index: 25 ms for 1.5 million patients."""
        for day, run in self._days.items():
            if patient in run:
                kept = b"".join(_record(other, told) for other, told in _records(run) if other != patient)
                if len(kept) < len(run):
                    self._days[day] = bytearray(kept)
                    self._size -= 1
                    return

    def find(self, born_on: date, family_letters: str, given_letters: str) -> Found:
        """The patients born on this day whose names begin like this.

        Any word of a name may begin so, and a particle may be left out: DAR and ARC both find D'Arçon. Of more than
        five nobody is named.

        Raises:
            Denial: more than three letters of a name.
        """
        family, given = _beginnings(family_letters), _beginnings(given_letters)
        hits: list[Hit] = []
        for patient, told in _records(self._days.get(born_on.toordinal(), b"")):
            own_family, _, own_given = told.partition(_PART)
            family_fit, given_fit = _fit(own_family, family), _fit(own_given, given)
            if family_fit is not None and given_fit is not None:
                hits.append(Hit(bytes(patient), 0.5 + family_fit + given_fit))
            if len(hits) > MOST_HITS:
                return Found((), more=True)
        return Found(tuple(sorted(hits, key=lambda hit: (-hit.score, hit.patient))), more=False)

    def similar(self, demography: Demography) -> tuple[Similar, ...]:
        """The patients who may already be this person, best first, at most five: for the user to decide upon.

        Looks at the birth date and at those one slip away from it; there, the family name must at least sound alike
        and a given name begin alike. It does not establish that two records are one person: twins are proposed too.
        """
        asked = Asked(demography)
        found = (
            _weighed(patient, told, slip, asked)
            for day, slip in _days_around(demography.born_on).items()
            for patient, told in _records(self._days.get(day, b""))
            if slip == _SAME_DAY or any(beginning in told for beginning in asked.beginnings)
        )
        return _best(found)

    def near(self, asked: "Asked") -> tuple[Similar, ...]:
        """As `similar`, for thousands of people at once; what slipped in the name *and* in the date may be missed.

        On the birth date itself it weighs who shares a word of the family name or a given name; there and one slip
        away from it, whose family name sounds alike, or sounds like the first given name. The first call listens to
        every family name (5 s for 1.5 million patients).
        """
        if self._sounds is None:
            self._sounds = self._listened()
        run = self._days.get(asked.born_on.toordinal(), b"")
        found: dict[bytes, Similar] = {}
        weigh = _Scales(asked)
        # Where an old system wrote one day for every birth date that it did not know, thousands were born on it.
        met = set[tuple[int, bytes]]()
        places = sorted(at for word in asked.telling for at in _places(run, word))
        for patient, told in _holding(run, places):
            if weigh.may_be[told]:
                found[patient] = weigh.of(patient, told, _SAME_DAY)
                met.add((asked.born, patient[-sounds.TAIL :]))
        for sound in asked.sounds:
            for place in self._sounds.born(sound, asked.born, asked.around):
                if place in met:
                    continue
                met.add(place)
                ending = _ending(self._days.get(sounds.ordinal(place[0]), b""), place[1])
                if ending is not None:
                    found[ending[0]] = weigh.of(*ending, asked.around[place[0]])
        return _best(found.values())

    def _listened(self) -> Sounds:
        heard: dict[bytes, str] = {}
        listened = Sounds()
        for day, run in self._days.items():
            born = sounds.written(date.fromordinal(day))
            for patient, told in _records(run):
                family = told.partition(_PART)[0]
                if family not in heard:
                    heard[family] = names.sound(family.decode().replace(" ", ""))
                listened.add(heard[family], born, patient)
        return listened


def may_be(asked: "Asked", known: Demography) -> bool:
    """Whether somebody who is called so, and born on that day, may be the one who is asked for."""
    slip = _days_around(asked.born_on).get(known.born_on.toordinal())
    return slip is not None and _weighed(b"", _told(known), slip, asked).score >= _ENOUGH


def _best(found: Iterable[Similar]) -> tuple[Similar, ...]:
    enough = [similar for similar in found if similar.score >= _ENOUGH]
    return tuple(sorted(enough, key=lambda similar: (-similar.score, similar.patient))[:MOST_HITS])


def _told(demography: Demography) -> bytes:
    """The folded names as they stand in a run: each word behind a space, each name behind a separator.

    They are cut to what fits two bytes of length: a patient is added after the commit, when nothing may fail any more.
    """
    spoken = (demography.family, *demography.given[:_MOST_GIVEN])
    return _BETWEEN.join([" ".join(["", *names.words(name)])[:_LONGEST_NAME] for name in spoken]).encode()


def _record(patient: bytes, told: bytes) -> bytes:
    return patient + len(told).to_bytes(2, "big") + told


def _records(run: bytes | bytearray) -> Iterator[tuple[bytes, bytes]]:
    packed, at = bytes(run), 0
    while at < len(packed):
        start = at + _HEAD_BYTES
        end = start + int.from_bytes(packed[at + _ID_BYTES : start], "big")
        yield packed[at : at + _ID_BYTES], packed[start:end]
        at = end


def _places(run: bytes | bytearray, word: bytes) -> Iterator[int]:
    at = run.find(word)
    while at >= 0:
        yield at
        at = run.find(word, at + 1)


def _holding(run: bytes | bytearray, places: list[int]) -> Iterator[tuple[bytes, bytes]]:
    """The patients in whose records these places are, in their order."""
    at = end = 0
    for place in places:
        if place < end:
            continue
        while end <= place:
            at = end
            end = at + _HEAD_BYTES + (run[at + _ID_BYTES] << 8) + run[at + _ID_BYTES + 1]
        yield bytes(run[at : at + _ID_BYTES]), bytes(run[at + _HEAD_BYTES : end])


def _ending(run: bytes | bytearray, tail: bytes) -> tuple[bytes, bytes] | None:
    """The patient of this run whose id ends so; nobody if it was removed."""
    place = run.find(tail)
    if place < 0:
        return None
    start = place + sounds.TAIL
    told = start + _HEAD_BYTES - _ID_BYTES
    end = told + int.from_bytes(run[start:told], "big")
    return bytes(run[start - _ID_BYTES : start]), bytes(run[told:end])


def _beginnings(letters: str) -> tuple[bytes, ...]:
    """The ways in which these letters may begin a name: `dar` is `dar`, `d ar`, `da r` or `d a r`."""
    typed = "".join(names.words(letters))
    if len(typed) > MOST_LETTERS:
        raise Denial("too-many-letters", f"give at most {MOST_LETTERS} letters of a name")
    if not typed:
        return ()
    gaps = product(("", " "), repeat=len(typed) - 1)
    return tuple(
        "".join((" ", *(gap + letter for gap, letter in zip(("", *gap), typed, strict=True)))).encode() for gap in gaps
    )


def _fit(name: bytes, beginnings: tuple[bytes, ...]) -> float | None:
    """What a name adds to the score: nothing was asked, the name begins so, a later word does, or it does not fit."""
    if not beginnings:
        return 0.0
    if name.startswith(beginnings):
        return 0.25
    return 0.2 if any(beginning in name for beginning in beginnings) else None


class Asked:
    """The folded names of the person who is being registered."""

    def __init__(self, demography: Demography) -> None:
        self.born_on = demography.born_on
        self.words = frozenset(names.words(demography.family))
        self.family = "".join(names.words(demography.family))
        self.sound = names.sound(self.family)
        given = [names.words(one) for one in demography.given]
        self.given = tuple("".join(words) for words in given)
        self._first = {words[0] for words in given if words}
        self.beginnings = tuple(_PART + f" {given[:1]}".encode() for given in self.given)

    @cached_property
    def born(self) -> int:
        """The birth date as its eight digits make a number."""
        return sounds.written(self.born_on)

    @cached_property
    def around(self) -> dict[int, str]:
        """The birth date and what a slip of the hand makes of it, each with its reason."""
        return _written_around(self.born_on)

    @cached_property
    def sounds(self) -> frozenset[str]:
        """How the family name sounds, and the first given name, should it stand in its place."""
        return frozenset({self.sound, *self.given_sounds[:1]})

    @cached_property
    def telling(self) -> tuple[bytes, ...]:
        """Words as they stand in a run: those of the family name, and the first of each given name."""
        return tuple({*self._family_words, *(f" {word}".encode() for word in self._first)})

    @cached_property
    def given_sounds(self) -> tuple[str, ...]:
        """How the given names sound, in their order."""
        return tuple(map(names.sound, self.given))

    def may_be(self, told: bytes) -> bool:
        """Whether a record can weigh enough that does not sound alike: by a word of the family name, or by one slip."""
        if any(word in told for word in self._family_words):
            return True
        family = told.partition(_PART)[0].decode().replace(" ", "")
        if abs(len(family) - len(self.family)) > 1:
            return False
        # One slip leaves the first half as it was, or the last one.
        half = (min(len(family), len(self.family)) - 1) // 2
        return half < 1 or family[:half] == self.family[:half] or family[-half:] == self.family[-half:]

    @cached_property
    def _family_words(self) -> tuple[bytes, ...]:
        return tuple(f" {word}".encode() for word in _long(self.words))


class _Scales:
    """Weighs the patients who may be one person; those who are called the same weigh the same."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._known: dict[tuple[bytes, str], Similar] = {}
        self.may_be = _May(asked)

    def of(self, patient: bytes, told: bytes, slip: str) -> Similar:
        """How well a record fits."""
        known = self._known.get((told, slip))
        if known is None:
            known = self._known[told, slip] = _weighed(patient, told, slip, self._asked)
        return known if known.patient == patient else Similar(patient, known.score, known.reasons)


class _May(dict[bytes, bool]):
    """Which records can weigh enough."""

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked

    def __missing__(self, told: bytes) -> bool:
        self[told] = may = self._asked.may_be(told)
        return may


def _weighed(patient: bytes, told: bytes, slip: str, asked: Asked) -> Similar:
    family, *given = (name.decode() for name in told.split(_PART))
    own_given = [name.replace(" ", "") for name in given]
    if asked.family in own_given and family.replace(" ", "") in asked.given:
        reasons: tuple[str, ...] = (slip, "names-exchanged")
    else:
        reasons = (slip, *_family_reasons(family, asked), *_given_reasons(own_given, asked))
    return Similar(patient, round(sum(_WEIGHTS[reason] for reason in reasons), 2), reasons)


def _family_reasons(family: str, asked: Asked) -> tuple[str, ...]:
    joined = family.replace(" ", "")
    if joined == asked.family:
        return ("same-family-name",)
    if names.sound(joined) == asked.sound:
        return ("family-name-sounds-alike",)
    if names.one_slip_apart(joined, asked.family):
        return ("family-name-one-letter-off",)
    return ("part-of-family-name",) if _long(family.split()) & _long(asked.words) else ()


def _long(words: Iterable[str]) -> set[str]:
    """The words that are no particle."""
    return {word for word in words if len(word) > 3}


def _given_reasons(own: list[str], asked: Asked) -> tuple[str, ...]:
    pairs = list(product(own, asked.given))
    if any(one == other for one, other in pairs):
        return ("same-given-name",)
    heard = {names.sound(one) for one in own}.intersection(asked.given_sounds)
    alike = bool(heard) or any(names.one_slip_apart(one, other) for one, other in pairs)
    return ("given-name-alike",) if alike else ()


def _days_around(born_on: date) -> dict[int, str]:
    """The ordinals of a birth date and of those that a slip of the hand makes of it, each with its reason."""
    digits = born_on.isoformat().replace("-", "")
    slips = {"day-and-month-exchanged": [digits[:4] + digits[6:] + digits[4:6]]}
    slips["birth-date-digits-exchanged"] = [
        digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :] for at in range(len(digits) - 1)
    ]
    slips["birth-date-one-digit-off"] = [
        digits[:at] + digit + digits[at + 1 :] for at in range(len(digits)) for digit in "0123456789"
    ]
    around = {born_on.toordinal(): _SAME_DAY}
    for reason, written in slips.items():
        for day in filter(None, map(_day, written)):
            around.setdefault(day.toordinal(), reason)
    return around


def _written_around(born_on: date) -> dict[int, str]:
    """As `_days_around`, of dates as numbers; what is no date is among them, and nobody was born then."""
    written = sounds.written(born_on)
    digits = [written // 10**place % 10 for place in range(8)]
    around = {
        written + (digit - digits[place]) * 10**place: "birth-date-one-digit-off"
        for place in range(8)
        for digit in range(10)
    }
    for place in range(7):
        exchanged = written + (digits[place + 1] - digits[place]) * (10**place - 10 ** (place + 1))
        around[exchanged] = "birth-date-digits-exchanged"
    around[born_on.year * 10_000 + born_on.day * 100 + born_on.month] = "day-and-month-exchanged"
    around[written] = _SAME_DAY
    return around


def _day(digits: str) -> date | None:
    try:
        return date.fromisoformat(digits)
    except ValueError:
        return None
