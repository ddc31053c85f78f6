"""Who opened one patient, as an officer reads it: by person, day and portion, what is not explained first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby

from aliquot.custody import answers
from aliquot.custody.answers import Opening
from aliquot.web import glass_words, history_words, notice_words, titles
from aliquot.web.history_words import How, Words

# The first step of an act: it has the leave, and whatever was seen was seen under it.
_ENTER = "enter"
_GRAVITY = {how: at for at, how in enumerate(answers.GRAVEST_FIRST)}
_HARMLESS = len(_GRAVITY)


@dataclass(frozen=True)
class Line:
    """One portion on one day, opened `times` times between two instants."""

    day: date
    first: datetime
    last: datetime
    act: Words
    portion: str
    purposes: Sequence[str]
    how: How
    times: int
    reasons: Sequence[str]


@dataclass(frozen=True)
class Person:
    """Everything of one person or service, the gravest line first."""

    name: str
    roles: Sequence[str]
    lines: Sequence[Line]
    times: int
    grave: int


@dataclass(frozen=True)
class Alarm:
    """Something that rang about this patient."""

    at: datetime
    title: Words
    name: str


def grouped(openings: Sequence[Opening], zone: tzinfo) -> list[Person]:
    """What was opened, by person; who has something unexplained stands first, then who was here last."""
    entered = sorted((one for one in openings if one.step == _ENTER), key=lambda one: (one.person, -one.seq))
    people = [(_gravest(of), -of[0].seq, _person(of, zone)) for of in _by(entered)]
    return [person for _, _, person in sorted(people, key=lambda one: one[:2])]


def alarms(openings: Sequence[Opening]) -> list[Alarm]:
    """What rang about the patient, newest first."""
    rung = [one for one in openings if one.act.startswith("alarm.")]
    return [Alarm(one.at, notice_words.of(one.act.removeprefix("alarm.")).title, one.name) for one in rung]


def _by(entered: Sequence[Opening]) -> list[list[Opening]]:
    return [list(of) for _, of in groupby(entered, key=lambda one: one.person)]


def _gravest(of: Sequence[Opening]) -> int:
    return min(_GRAVITY.get(one.explained, _HARMLESS) for one in of)


def _person(of: Sequence[Opening], zone: tzinfo) -> Person:
    def place(one: Opening) -> tuple[date, str, tuple[str, ...], str]:
        return one.at.astimezone(zone).date(), one.act, one.portion, one.explained

    together = [list(same) for _, same in groupby(sorted(of, key=place), key=place)]
    together.sort(key=lambda same: (_gravest(same), -max(one.seq for one in same)))
    lines = [_line(same, zone) for same in together]
    return Person(
        of[0].name,
        [titles.of(role) for role in of[0].roles],
        lines,
        len(of),
        sum(line.times for line in lines if line.how.grave),
    )


def _line(same: Sequence[Opening], zone: tzinfo) -> Line:
    times = sorted(one.at for one in same)
    return Line(
        day=times[0].astimezone(zone).date(),
        first=times[0],
        last=times[-1],
        act=history_words.act(same[0].act),
        portion=history_words.portion(same[0].portion),
        purposes=[str(history_words.purpose(code)) for code in dict.fromkeys(one.why for one in same)],
        how=history_words.HOWS[same[0].explained],
        times=len(same),
        reasons=[glass_words.told(reason) for reason in dict.fromkeys(one.reason for one in same) if reason],
    )
