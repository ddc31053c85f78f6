"""`aliquot custody`: the custodian. It unlocks, closes itself in, and serves until it is told to stop."""

import argparse
import asyncio
import gc
import signal
from typing import Any

from aliquot.cli import home, measures, passphrase, schemas
from aliquot.cli.exits import Exit
from aliquot.custody import hardening, server
from aliquot.custody.custodian import Custodian, Times
from aliquot.custody.factors import Passwords
from aliquot.terms import clock, events
from aliquot.terms.events import Closed, Failed, Serving
from aliquot.terms.installation import Custody
from aliquot.vault.keyring import Keyring


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot custody --help` teaches."""
    parser.description = """\
The custodian holds every key, decides what everyone may do, and writes history. It opens no network: the other
processes of this machine reach it over the socket that aliquot.toml names, and exactly one serves an installation.

It starts by asking for the passphrase. It refuses to start if the passphrase is wrong, if another custodian serves
this installation, if the policies do not hold together, or if its database was written by a newer Aliquot.

While it serves it renews the keys by itself: every seven days it makes new weekly keys, moves every patient's key under
them without stopping work, writes the key journal anew, and destroys the keys of three weeks before. Nothing has to be
typed for that; `aliquot doctor` says when it last happened. A clock that is set forward destroys no key."""
    home.option(parser)
    passphrase.option(parser)


def run(chosen: argparse.Namespace) -> int:
    """Unlock and serve."""
    installation = home.read(chosen.home)
    schemas.custody(installation)
    measures.log(hardening.harden())
    keys = Keyring.unlock(installation.custody.keyring, passphrase.obtain(chosen.passphrase_fd))
    custodian = Custodian(installation, keys, Times(clock.system), Passwords())
    # What was loaded lives as long as the process. A full collection would read it all again, at any moment: 30 ms.
    gc.freeze()
    try:
        asyncio.run(_serve(custodian, installation.custody))
    finally:
        custodian.close()
    return Exit.DONE


async def _serve(custodian: Custodian, config: Custody) -> None:
    ready, stop = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_surprised)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.ensure_future(server.serve(custodian, config, ready, stop))
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if ready.is_set():
        events.log(Serving("custody"), clock.system())
    waiting.cancel()
    await serving
    events.log(Closed("custody"), clock.system())


def _surprised(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # Any: asyncio's own
    """What asyncio could tell nobody else: by type and place, never by message."""
    events.log(Failed.of(context.get("exception") or RuntimeError()), clock.system())
