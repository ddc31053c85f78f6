"""A custodian in a process of its own, to be killed: `python -m tests.custody.dying HOME INSTANT`."""

import sys
from datetime import datetime
from pathlib import Path

from aliquot.cli import scratch


def main() -> None:
    """Serve until killed."""
    home, instant = sys.argv[1:]
    scratch.Running(Path(home), scratch.Clock(datetime.fromisoformat(instant)))
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
