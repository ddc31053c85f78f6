"""What is counted of one column while its cells pass, in bounded memory.

Cells are counted as they are, in C; only when there are many distinct ones are they looked at, each once. Of a column
with a great many distinct cells, only some are looked at: `examined` says how many cells the shares rest on.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from aliquot.legacy import dates, letters, sensitive, shapes
from aliquot.legacy.shapes import Sort
from aliquot.legacy.sketches import Distinct
from aliquot.legacy.source import Cell
from aliquot.legacy.traits import Close

AT_ONCE = 4096
MOST_CODES = 400
_LONGEST_CODE = 1000
"""A column with longer cells has no codes."""
_FULLY = 8
"""So many times all distinct cells of a column are looked at, and then those of every fourth time."""
_THEN = 4
_MOST_SHAPES = 1000
_LOOKED_AT = 80
_MOST_DAYS = 50_000
_NUMBERS = (Sort.INTEGER, Sort.POINT, Sort.COMMA)
_DAY = 10
_EIGHT = "9" * 8
_DIGITS = re.compile(r"9[-9/. ]{5,9}")
_ORDERS = tuple(dates.Order)
_NO_QUANTITY = 1e8
"""A telephone or a national number that was typed where a quantity belongs begins here."""


Read = tuple[tuple[str, ...], int, str]
"""The formats in which a cell is a day, its year, and whether it can only have the day or the month first."""


class Days:
    """What days were read, remembered for all columns of a table, for they share theirs."""

    def __init__(self, latest: int) -> None:
        self._latest = latest
        self._known: dict[tuple[str, str], Read] = {}

    def of(self, cell: str, shape: str) -> Read:
        """What a cell of this shape says; of a day in digits with an hour, the hour is not looked at again."""
        key = (cell[:_DAY] if _DIGITS.match(shape) else cell), shape
        read = self._known.get(key)
        if read is None:
            if len(self._known) > _MOST_DAYS:
                self._known.clear()
            self._known[key] = read = self._read(cell)
        return read

    def _read(self, cell: str) -> Read:
        found = dates.readings(cell, self._latest)
        orders = {form[:2] for form in found if form[:2] in _ORDERS}
        years = [day.year for day in found.values()]
        return tuple(found), min(years, default=0), orders.pop() if len(orders) == 1 else ""


class Tally:
    """One column. `days` may be shared by the columns of a table."""

    def __init__(self, days: Days) -> None:
        self.cells = self.absent = self.blank = self.examined = 0
        self.damaged = self.mojibake = 0
        self.shortest, self.longest = 0, 0
        self.least, self.most = float("inf"), float("-inf")
        self.first_year, self.last_year = 9999, 0
        self.sorts: Counter[Sort] = Counter()
        self.masks: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.orders: Counter[str] = Counter()
        self.sensitive: Counter[str] = Counter()
        self.distinct = Distinct()
        self.codes: Counter[str] | None = Counter()
        self.close = Close()
        self._waiting: Counter[Cell] = Counter()
        self._folds = 0
        self._sorts: dict[str, Sort] = {}
        self._days = days

    def add(self, cells: Iterable[Cell]) -> None:
        """The cells of some rows."""
        self._waiting.update(cells)
        if len(self._waiting) > AT_ONCE:
            self.fold()

    def fold(self) -> None:
        """Look at the cells that wait."""
        waiting = self._waiting
        self.absent += waiting.pop(None, 0)
        self.blank += waiting.pop("", 0)
        # What is left are texts, which the type of the counter cannot say.
        items: dict[str, int] = {cell: times for cell, times in waiting.items() if cell is not None}
        waiting.clear()
        if not items:
            return
        self._folds += 1
        self._cheaply(items)
        if self._folds <= _FULLY or self._folds % _THEN == 0:
            self._fully(items)
        else:
            self._numbers(items)

    def _cheaply(self, items: dict[str, int]) -> None:
        times = sum(items.values())
        self.cells += times
        lengths = list(map(len, items))
        self.shortest = min(lengths) if self._folds == 1 else min(self.shortest, *lengths)
        self.longest = max(self.longest, *lengths)
        self.distinct.repeated |= times > len(items)
        self.distinct.add(items)
        if self.codes is not None:
            self.codes.update(items)
            if len(self.codes) > MOST_CODES or self.longest > _LONGEST_CODE:
                self.codes = None

    def _fully(self, items: dict[str, int]) -> None:
        self.close.look(iter(items))
        self._damage(items)
        texts: list[tuple[str, int]] = []
        of_shape: defaultdict[str, int] = defaultdict(int)
        known, table = self._sorts, shapes.TABLE
        for cell, times in items.items():
            shape = (cell if len(cell) <= _LOOKED_AT else cell[:_LOOKED_AT]).translate(table)
            of_shape[shape] += times
            sort = known.get(shape)
            if sort is None:
                known[shape] = sort = shapes.sort(shape)
            if sort is Sort.DAY:
                self.sorts[self._day(cell, shape, times)] += times
            elif sort is Sort.WORD or sort is Sort.TEXT:
                texts.append((cell, times))
            elif sort in _NUMBERS:
                self._number(cell)
        self._shapes(of_shape)
        self.sensitive.update(sensitive.counts(texts))

    def _shapes(self, of_shape: dict[str, int]) -> None:
        known = self._sorts
        for shape, times in of_shape.items():
            sort = known[shape]
            self.masks[shape] += times
            if sort is Sort.BLANK:
                self.blank += times
                self.cells -= times
                continue
            self.examined += times
            if sort is not Sort.DAY:
                self.sorts[sort] += times
        if len(self.masks) > _MOST_SHAPES:
            self.masks = Counter(dict(self.masks.most_common(_MOST_SHAPES // 2)))
        if len(known) > _MOST_SHAPES:
            known.clear()

    def _number(self, cell: str) -> None:
        number = float(cell.replace(",", "."))
        if number >= _NO_QUANTITY:
            return
        if number < self.least:
            self.least = number
        if number > self.most:
            self.most = number

    def _numbers(self, items: dict[str, int]) -> None:
        """The ends of a column of numbers, where nothing else of its cells is looked at."""
        if sum(self.sorts[sort] for sort in _NUMBERS) < 0.99 * self.examined:
            return
        for cell in items:
            try:
                self._number(cell)
            except ValueError:
                continue

    def _day(self, cell: str, shape: str, times: int) -> Sort:
        if shape == _EIGHT and not _may_be_day(cell):
            return Sort.INTEGER
        forms, year, order = self._days.of(cell, shape)
        if not forms:
            return Sort.INTEGER if cell.isdigit() else Sort.CODE
        for form in forms:
            self.formats[form] += times
        if year < self.first_year:
            self.first_year = year
        if year > self.last_year:
            self.last_year = year
        if order:
            self.orders[order] += times
        return Sort.DAY

    def _damage(self, items: dict[str, int]) -> None:
        if "".join(items).isascii():
            return
        self.damaged += sum(times for cell, times in items.items() if letters.NONE in cell)
        self.mojibake += sum(times for cell, times in items.items() if letters.is_mojibake(cell))


def _may_be_day(digits: str) -> bool:
    """Whether eight digits begin or end with a year in which somebody lived: most numbers of this length do not."""
    return "1850" <= digits[:4] <= "2150" or "1850" <= digits[4:] <= "2150"
