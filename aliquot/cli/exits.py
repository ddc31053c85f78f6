"""The terminal's door: one table from what went wrong to the exit status, the same for every command.

The numbers from 64 up are those of BSD's sysexits.h.
"""

from enum import IntEnum

from aliquot.terms.errors import Refused


class Exit(IntEnum):
    """What an exit status means."""

    DONE = 0
    FOUND = 1
    USAGE = 2
    AWAY = 69
    BROKEN = 70
    PAUSED = 75
    LOCKED = 77
    UNFIT = 78
    INTERRUPTED = 130


WORDS = {
    Exit.DONE: "done; or what was checked holds",
    Exit.FOUND: "refused; or what was checked does not hold",
    Exit.USAGE: "the command line, or the input that it names, cannot be used",
    Exit.AWAY: "the custodian or the record database does not answer",
    Exit.BROKEN: "an invariant failed: stop, and find out why",
    Exit.PAUSED: "paused: what is done is kept, and the same command goes on",
    Exit.LOCKED: "the passphrase is wrong, or there is nowhere to get it from",
    Exit.UNFIT: "no usable installation here, or a database of another version",
    Exit.INTERRUPTED: "interrupted at the terminal",
}


class Unfit(Refused):
    """This program cannot work with this installation: its file, or the shape of a database, is not what it knows."""


class Away(Exception):
    """Something that this command needs does not answer."""


def epilog() -> str:
    """The table as every `--help` ends with it."""
    lines = [f"  {int(status):>3}  {words}" for status, words in WORDS.items()]
    return "\n".join(["exit statuses:", *lines])


def of(error: Exception) -> Exit:
    """The exit status for an error that reached the door."""
    # Only when something went wrong: `aliquot --help` waits for none of these.
    from aliquot.cli.passphrase import NoPassphrase
    from aliquot.custody.denial import CustodyGone
    from aliquot.vault.errors import WeakKeyring, WrongPassphrase

    table: tuple[tuple[type[Exception], Exit], ...] = (
        (CustodyGone, Exit.AWAY),
        (Away, Exit.AWAY),
        (WrongPassphrase, Exit.LOCKED),
        (WeakKeyring, Exit.LOCKED),
        (NoPassphrase, Exit.LOCKED),
        (Unfit, Exit.UNFIT),
        (Refused, Exit.FOUND),
    )
    return next((status for kind, status in table if isinstance(error, kind)), Exit.BROKEN)
