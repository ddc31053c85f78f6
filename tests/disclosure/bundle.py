"""Reads a document Bundle back, as a receiver would."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from aliquot.disclosure import fhir
from aliquot.lab.content import Report

# JSON that is read back has no narrower type than Any.
Tree = Any


def read(report: Report) -> dict[str, Tree]:
    """The Bundle of a report, decimals as decimals."""
    found: dict[str, Tree] = json.loads(fhir.document(report), parse_float=Decimal)
    return found


def every(report: Report, kind: str) -> list[dict[str, Tree]]:
    """The resources of one kind, in their order."""
    resources = (entry["resource"] for entry in read(report)["entry"])
    return [resource for resource in resources if resource["resourceType"] == kind]


def only(report: Report, kind: str) -> dict[str, Tree]:
    """The one resource of a kind."""
    (found,) = every(report, kind)
    return found


def observation(report: Report, name: str) -> dict[str, Tree]:
    """The one observation of a test."""
    (found,) = (resource for resource in every(report, "Observation") if resource["code"]["text"] == name)
    return found


def references(tree: Tree) -> Iterator[str]:
    """Every reference in a tree."""
    if isinstance(tree, dict):
        if "reference" in tree:
            yield tree["reference"]
        for value in tree.values():
            yield from references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from references(value)


def values(tree: Tree) -> Iterator[Tree]:
    """Everything in a tree, the tree included."""
    yield tree
    for value in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from values(value)
