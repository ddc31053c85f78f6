"""A scratch custodian as a process of its own, to be killed: `python -m aliquot.cli.attack.victim HOME INSTANT`.

Its clock begins at the instant of the scratch installation and goes on with the machine's.
"""

import asyncio
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from aliquot.cli import scratch
from aliquot.custody import hardening, server
from aliquot.custody.custodian import Times
from aliquot.terms import installation

_MICROSECOND = timedelta(microseconds=1)


def main(home: Path, began_at: datetime, steady: int) -> None:
    """Serve until killed, closed in like the real one."""
    hardening.harden()
    began = time.monotonic()

    def now() -> datetime:
        return began_at + timedelta(seconds=time.monotonic() - began)

    described = installation.read(home / installation.FILE_NAME)
    times = Times(now, lambda: steady + (now() - began_at) // _MICROSECOND)
    serving = scratch.custodian(described, times)
    asyncio.run(server.serve(serving, described.custody, asyncio.Event(), asyncio.Event()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), int(sys.argv[3]))
