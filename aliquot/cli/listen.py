"""`aliquot listen`: the process that machines speak to."""

import argparse

from aliquot.cli import home, measures
from aliquot.intake import listener


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot listen --help` teaches."""
    parser.description = """\
Hears analysers and other systems (HL7 v2 over MLLP) at the address that [listen] names. A message is sealed to the
letterbox and durable before it is acknowledged; nothing is read here. It needs no custodian and goes on without one.
Who may call stands in [listen] peers."""
    home.option(parser)


def run(chosen: argparse.Namespace) -> int:
    """Listen until told to stop."""
    measures.seclude()
    return listener.main(home.read(chosen.home))
