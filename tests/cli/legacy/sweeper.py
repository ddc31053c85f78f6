"""The worker's sweep in a process of its own, so that it can be killed: `python -m tests.cli.legacy.sweeper HOME`."""

import sys
from pathlib import Path

from aliquot.access.custodian import Line
from aliquot.cli import home, layout
from aliquot.legacy import sweeping

if __name__ == "__main__":
    where = Path(sys.argv[1])
    installation = home.read(where)
    line = Line(installation.custody.socket, "work", (installation.work.name, layout.key(installation.work.key)))
    sweeping.sweep(line, where)
