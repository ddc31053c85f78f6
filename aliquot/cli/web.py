"""`aliquot web`: the pages for people."""

import argparse
import os

from aliquot.cli import founding, home, measures, schemas


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot web --help` teaches."""
    parser.description = """\
Serves the pages at the address that [web] names. It holds no key and vouches for nobody: without the custodian it
says so and ends with a status that is not zero."""
    home.option(parser)


def run(chosen: argparse.Namespace) -> int:
    """Serve until told to stop."""
    measures.seclude()
    installation = home.read(chosen.home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "aliquot.web.settings"
    founding.configure(chosen.home.absolute())
    schemas.record()
    # Only after Django knows its settings.
    from django.db import connections

    from aliquot.web import serve

    # The server forks: a connection to the database is not for two processes.
    connections.close_all()
    return serve.run(installation)
