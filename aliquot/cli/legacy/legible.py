"""What a wrong character set did to the cells of a source, as a person is told it. No cell is shown."""

from collections.abc import Iterator

from aliquot.cli import amounts
from aliquot.legacy.description import Description
from aliquot.legacy.letters import Letters


def lines(found: Letters, described: Description) -> Iterator[str]:
    """What was counted while rows passed, by table and column."""
    for table, column in sorted(found.signs.keys() | found.mojibake.keys()):
        place = (table, column)
        signs = f" ({amounts.of(found.signs[place], 'sign')})"
        charset = described.charset(table)
        yield from of(f"{table}: {column}", found.damaged[place], found.mojibake[place], charset, signs)


def of(column: str, damaged: int, mojibake: int, charset: str, signs: str = "") -> Iterator[str]:
    """What is wrong with a column: `damaged` cells have letters that are none, `mojibake` ones were UTF-8."""
    wrong = (
        f'is charset = "{charset}" of source.toml what'
        if charset
        else "is `charset` of its source.toml, if it has one, what"
    )
    if damaged:
        yield f"{column}: {amounts.of(damaged, 'cell')} with letters that are none{signs}; {wrong} it is written in?"
    if mojibake:
        yield f"{column}: {amounts.of(mojibake, 'cell')} of UTF-8 that was read byte by byte; {wrong} it is written in?"
