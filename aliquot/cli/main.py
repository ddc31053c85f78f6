"""`aliquot`: finds the command and runs it. Nothing heavy is imported before a command is known."""

import argparse
import importlib
import os
import select
import sys
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Protocol, cast

from aliquot.cli import exits
from aliquot.cli.exits import Exit
from aliquot.cli.teaching import Teaching

_INTRODUCTION = """\
The daily work of medical laboratories, built so that nobody can carry the records away.

A new installation is made by `aliquot init DIR` and started by `aliquot serve --home DIR`.
`aliquot doctor` says in words what is wrong with one. `aliquot COMMAND --help` teaches each command."""


class Command(Protocol):
    """What the module of a command offers."""

    def describe(self, parser: argparse.ArgumentParser) -> None:
        """Say what the command does and which arguments it takes."""

    def run(self, chosen: argparse.Namespace) -> int:
        """Do it, and give the exit status."""


@dataclass(frozen=True)
class _Word:
    """A command: its name, the module that holds it, and one line about it."""

    name: str
    module: str
    line: str


_WORDS = (
    _Word("init", "init", "make a new installation: folders, keys, databases, the first people"),
    _Word("serve", "serve", "start, watch and stop all processes on one machine"),
    _Word("custody", "custody", "the custodian: holds every key, decides, writes history"),
    _Word("web", "web", "the pages for people"),
    _Word("listen", "listen", "hears analysers: stores sealed messages and acknowledges them"),
    _Word("work", "work", "files what analysers said, and settles unfinished acts"),
    _Word("intake", "intake", "send the messages of files to the listener"),
    _Word("quarantine", "quarantine", "show, repair or refuse the messages that wait"),
    _Word("catalogue", "catalogue", "look at a file of tests, and put it in force"),
    _Word("people", "people", "accept an invitation in the terminal"),
    _Word("ledger", "ledger", "verify the history, or prove one entry of it"),
    _Word("demo", "demo.command", "a small laboratory at work, with synthetic patients and an analyser that talks"),
    _Word("legacy", "legacy.command", "move a laboratory out of an old system, under a mandate that two people signed"),
    _Word("export", "export.command", "give records away, sealed for one receiver, under a mandate of two people"),
    _Word("simulate", "simulate.command", "an invented old laboratory system to rehearse a migration on"),
    _Word("bench", "bench.command", "measure what the house costs beside the floors of this machine"),
    _Word("doctor", "doctor", "say in words what is wrong with an installation"),
    _Word("support", "support.command", "gather what helps to find a fault, and tells nothing about anybody"),
    _Word("attack", "attack.command", "do to a scratch installation what was done to others"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    word = next((word for word in _WORDS if given and word.name == given[0]), None)
    if word is None:
        return _without_command(given)
    command = cast(Command, importlib.import_module(f"aliquot.cli.{word.module}"))  # a test holds every module to it
    parser = _parser(word)
    command.describe(parser)
    return _run(word, command, parser.parse_args(given[1:]))


def _run(word: _Word, command: Command, chosen: argparse.Namespace) -> int:
    from aliquot.terms.errors import Broken, Refused

    if chosen.logged:
        _write_only_events()
    try:
        status = command.run(chosen)
        sys.stdout.flush()
        return status
    except (Refused, Broken, exits.Away) as error:
        return _ended(word, error, logged=chosen.logged)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError as error:
        return _unread(error)
    except Exception as error:  # noqa: BLE001  # the outermost loop of a door: type and place, never the message
        from aliquot.terms import clock, events

        events.log(events.Failed.of(error), clock.system())
        return Exit.BROKEN


def _unread(error: BrokenPipeError) -> int:
    """Whoever read what a command says went away, as `head` does; a pipe of ours that broke is another matter."""
    from aliquot.terms import clock, events

    reader = select.poll()
    reader.register(sys.stdout.fileno(), 0)
    if any(state & select.POLLERR for _, state in reader.poll(0)):
        # What is left in the buffer would be tried once more, and complained of, when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.INTERRUPTED
    events.log(events.Failed.of(error), clock.system())
    return Exit.BROKEN


def _ended(word: _Word, error: Exception, *, logged: bool) -> int:
    """The exit status of a command that could not do its work, after its sentence or its event."""
    status = exits.of(error)
    if logged:
        from aliquot.terms import clock, events

        events.log(events.Unable(word.name, type(error).__name__, status, exits.WORDS[status]), clock.system())
    else:
        print(f"aliquot {word.name}: {error}", file=sys.stderr)
    return status


def _write_only_events() -> None:
    """What Python would write by itself on standard error becomes an event, or is not written."""
    from aliquot.terms import clock, events

    def fallen(what: threading.ExceptHookArgs) -> None:
        events.log(events.Failed.of(what.exc_value or RuntimeError()), clock.system())

    warnings.simplefilter("ignore")
    threading.excepthook = fallen


def _without_command(given: list[str]) -> int:
    commands = "\n".join(f"  {word.name:<12}{word.line}" for word in _WORDS)
    parser = argparse.ArgumentParser(
        prog="aliquot",
        usage="aliquot [--version] COMMAND ...",
        description=_INTRODUCTION,
        epilog=f"commands:\n{commands}\n\n{exits.epilog()}",
        formatter_class=Teaching,
    )
    parser.add_argument("--version", action="version", version=f"aliquot {metadata.version('aliquot')}")
    if given and not given[0].startswith("-"):
        parser.error(f"there is no command of this name; one of {', '.join(word.name for word in _WORDS)}")
    parser.parse_args(given)
    parser.print_help()
    return Exit.USAGE


def _parser(word: _Word) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"aliquot {word.name}",
        epilog=exits.epilog(),
        formatter_class=Teaching,
    )
    # `serve` starts its processes with it, where nobody reads what they write.
    parser.add_argument("--logged", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
