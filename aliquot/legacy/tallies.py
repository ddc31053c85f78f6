"""What is counted of one column while its cells pass, in bounded memory.

Cells are counted as they are, in C; only when there are many distinct ones are they looked at, each once. Of a column
with a great many distinct cells, only some are looked at: `examined` says how many cells the shares rest on.
"""

from collections import Counter
from collections.abc import Iterable

from aliquot.legacy import dates, sensitive, shapes
from aliquot.legacy.shapes import Sort
from aliquot.legacy.sketches import Distinct
from aliquot.legacy.source import Cell
from aliquot.legacy.traits import Close

AT_ONCE = 4096
MOST_CODES = 400
_FULLY = 25
"""So many times all distinct cells of a column are looked at, and then those of every fourth time."""
_THEN = 4
_MOST_SHAPES = 1000
_MOST_DAYS = 50_000
_NUMBERS = (Sort.INTEGER, Sort.POINT, Sort.COMMA)
_MOJIBAKE = ("Ã", "Â°", "Â ", "â€")
_COMPACT = 24


class Tally:
    """One column."""

    def __init__(self, latest: int) -> None:
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
        self._latest = latest
        self._waiting: Counter[Cell] = Counter()
        self._folds = 0
        self._sorts: dict[str, Sort] = {}
        self._days: dict[tuple[str, str], dict[str, int]] = {}

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
            if len(self.codes) > MOST_CODES:
                self.codes = None

    def _fully(self, items: dict[str, int]) -> None:
        self.close.look(iter(items))
        self._damage(items)
        texts: list[tuple[str, int]] = []
        sorts, masks, known = self.sorts, self.masks, self._sorts
        for cell, times in items.items():
            shape = shapes.of(cell if len(cell) <= 80 else cell[:80])
            sort = known.get(shape)
            if sort is None:
                if len(known) > _MOST_SHAPES:
                    known.clear()
                known[shape] = sort = shapes.sort(shape)
            masks[shape] += times
            if sort in _NUMBERS:
                self._number(cell)
            if sort is Sort.DAY or (sort is Sort.INTEGER and len(shape) == 8):
                sort = self._day(cell, shape, times, sort)
            elif sort is Sort.TEXT or sort is Sort.WORD:
                texts.append((cell, times))
            elif sort is Sort.BLANK:
                self.blank += times
                self.cells -= times
                continue
            sorts[sort] += times
            self.examined += times
        self.sensitive.update(sensitive.counts(texts))
        if len(masks) > _MOST_SHAPES:
            self.masks = Counter(dict(masks.most_common(_MOST_SHAPES // 2)))

    def _number(self, cell: str) -> None:
        number = float(cell.replace(",", "."))
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

    def _day(self, cell: str, shape: str, times: int, otherwise: Sort) -> Sort:
        key = cell[:_COMPACT].split(" ")[0].split("T")[0], shape
        found = self._days.get(key)
        if found is None:
            if len(self._days) > _MOST_DAYS:
                self._days.clear()
            found = self._days[key] = {form: day.year for form, day in dates.readings(cell, self._latest).items()}
        if not found:
            return otherwise if otherwise is not Sort.DAY else Sort.CODE
        for form, year in found.items():
            self.formats[form] += times
            self.first_year, self.last_year = min(self.first_year, year), max(self.last_year, year)
        orders = {form[:2] for form in found if form[:2] in tuple(dates.Order)}
        if len(orders) == 1:
            self.orders[orders.pop()] += times
        return Sort.DAY

    def _damage(self, items: dict[str, int]) -> None:
        if "".join(items).isascii():
            return
        self.damaged += sum(times for cell, times in items.items() if "\ufffd" in cell)
        self.mojibake += sum(
            times for cell, times in items.items() if not cell.isascii() and any(sign in cell for sign in _MOJIBAKE)
        )
