"""How many of something there are, as people say it: 1 file, 2 files, 1,200 files."""


def of(number: int, one: str, many: str = "") -> str:
    """A number with its noun; `many` where an s at the end is not enough."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
