"""An archive of ORU^R01 messages, one file for each month, as an old interface kept what it had sent.

Files of some months end their segments with LF or CR LF, some are batches (FHS, BHS), and until 2008 nothing declared a
character set. Line breaks in free text stand raw in the message, as nobody escaped them.
"""

import re
from pathlib import Path
from typing import Final

from aliquot.cli.simulate.key import HL7_STATUSES
from aliquot.cli.simulate.rates import Mess
from aliquot.cli.simulate.records import Chart, Columns, Dossier, Result
from aliquot.cli.simulate.truth import Truth
from aliquot.terms.quantities import Quantity

PATIENTS, MESSAGES, RESULTS = "PID", "MSH", "OBX"

_ENDS: Final = ("\r", "\r", "\n", "\r\n")
_FLUSH: Final = 1 << 13
_DECLARED_FROM: Final = "2008"
_BATCHED_EVERY: Final = 3
_ESCAPES: Final = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})
_SPECIAL: Final = re.compile(r"[\\|^&~]")
_UNSEEN: Final = frozenset({Mess.PASSWORD, Mess.ORPHAN, Mess.DELETED, Mess.COMMENT})
"""What is wrong with a row of patients and does not show in PID; comments that harm are counted all the same."""


class Archive:
    """Writes a message for each dossier. Who never had one is not in the archive."""

    def __init__(self, folder: Path, truth: Truth) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._truth = truth
        self._months: dict[str, _Month] = {}
        self._sent = 0

    def write(self, chart: Chart) -> None:
        """The messages of a row of patients."""
        if not chart.dossiers:
            return
        mess = tuple(kind for kind in chart.mess if kind not in _UNSEEN)
        self._truth.row(PATIENTS, mess)
        self._truth.patient(_control(self._sent + 1), chart, mess)
        for number, dossier in enumerate(chart.dossiers):
            self._message(chart, dossier, first=number == 0)

    def close(self) -> None:
        """End the files."""
        for month in self._months.values():
            month.close()

    def _message(self, chart: Chart, dossier: Dossier, *, first: bool) -> None:
        self._sent += 1
        month = self._month(dossier.month)
        control = _control(self._sent)
        segments = [_msh(control, dossier), _pid(chart.columns), *(_notes(chart.columns) if first else ())]
        segments.append(f"OBR|1||{dossier.numdos}|BIO^BIOLOGIE^L|||{_stamp(dossier)}" + "|" * 9 + _name(dossier))
        for number, result in enumerate(dossier.results, start=1):
            segments += _obx(number, result)
            self._truth.row(RESULTS, result.mess)
            self._truth.result(f"{control}/{number}", chart, dossier, result, dossier.mess + result.mess)
        text = "".join(segment + month.end for segment in segments)
        self._truth.row(MESSAGES, self._mess(dossier, text))
        month.write(text.encode("utf-8" if dossier.utf8 else "cp1252"))

    def _mess(self, dossier: Dossier, text: str) -> tuple[str, ...]:
        undeclared = dossier.month < _DECLARED_FROM and not dossier.utf8 and not text.isascii()
        return (*dossier.mess, Mess.OTHER_CHARSET) if undeclared else dossier.mess

    def _month(self, name: str) -> "_Month":
        month = self._months.get(name)
        if month is None:
            month = self._months[name] = _Month(self._folder / f"ORU_{name.replace('-', '_')}.hl7", len(self._months))
        return month


class _Month:
    """One file. Its text waits in memory until it is worth writing, for there are more months than open files."""

    def __init__(self, path: Path, number: int) -> None:
        year, month = int(path.stem[4:8]), int(path.stem[9:])
        self._path = path
        self._waiting = bytearray()
        self._messages = 0
        self._batched = year % _BATCHED_EVERY == 0
        self.end = _ENDS[(year * 12 + month) % len(_ENDS)]
        if self._batched:
            self._envelope("FHS|^~\\&|MEGALAB|LABO", "BHS|^~\\&|MEGALAB|LABO")

    def write(self, message: bytes) -> None:
        self._messages += 1
        self._waiting += message
        if len(self._waiting) > _FLUSH:
            self._flush()

    def close(self) -> None:
        if self._batched:
            self._envelope(f"BTS|{self._messages}", "FTS|1")
        self._flush()

    def _envelope(self, *segments: str) -> None:
        self._waiting += "".join(segment + self.end for segment in segments).encode("ascii")

    def _flush(self) -> None:
        with self._path.open("ab") as file:
            file.write(self._waiting)
        self._waiting.clear()


def _control(number: int) -> str:
    return f"M{number:09d}"


def _msh(control: str, dossier: Dossier) -> str:
    charset = "UNICODE UTF-8" if dossier.utf8 else ""
    if not charset and dossier.month >= _DECLARED_FROM:
        charset = "8859/1"
    declared = "|" * 6 + charset if charset else ""
    sent = dossier.collected_at[:10].replace("-", "") + "190000"
    return f"MSH|^~\\&|MEGALAB|LABO{dossier.site}|ARCHIVE|LABO|{sent}||ORU^R01|{control}|P|2.3{declared}"


def _pid(columns: Columns) -> str:
    names = "^".join(_text(name) for name in (columns.nom, columns.prenom, columns.prenom2, "", columns.titre))
    address = f"{_text(columns.adr1)}^^{_text(columns.ville)}^^{columns.cp}"
    born = columns.datnai.compact
    head = f"PID|1||{columns.numpat}^^^LABO^PI||{names}||{born}|{columns.sexe}|{_text(columns.nomjf)}||{address}"
    dead = "|" * 11 + "Y" if columns.decede == "O" else ""
    return f"{head}||{columns.tel}|{columns.portable}|||||{columns.nir}{columns.clenir}{dead}"


def _notes(columns: Columns) -> tuple[str, ...]:
    texts = (text for text in (columns.comment1, columns.comment2) if text)
    return tuple(f"NTE|{number}|L|{_text(text)}" for number, text in enumerate(texts, start=1))


def _stamp(dossier: Dossier) -> str:
    return dossier.datprel.compact + dossier.heuprel.compact


def _name(dossier: Dossier) -> str:
    return f"^{_text(dossier.prescripteur)}"


def _obx(number: int, result: Result) -> tuple[str, ...]:
    measured = isinstance(result.value, Quantity) and not result.value.comparator
    value = f"{'NM' if measured else 'ST'}|{result.codexam}^{_text(result.libexam)}^L||{_text(result.valeur)}"
    judged = f"{_text(result.unite)}|{_range(result)}|{result.flag}|||{HL7_STATUSES[result.statut]}"
    obx = f"OBX|{number}|{value}|{judged}|||{result.datval.compact}||{_text(result.valideur)}"
    return (obx, f"NTE|1|L|{_text(result.comres)}") if result.comres else (obx,)


def _range(result: Result) -> str:
    if result.norminf and result.normsup:
        return f"{result.norminf}-{result.normsup}"
    return f"<{result.normsup}" if result.normsup else f">{result.norminf}" if result.norminf else ""


def _text(text: str) -> str:
    return text.translate(_ESCAPES) if _SPECIAL.search(text) else text
