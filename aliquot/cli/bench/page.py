"""The bench page over HTTP with many waiting tubes: server time, queries, exchanges with custody."""

import base64
import http.client
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connection

from aliquot.access.door import Actor
from aliquot.cli.bench import counting
from aliquot.cli.bench.house import House
from aliquot.cli.bench.measured import Costs, Figure, quantile
from aliquot.cli.bench.processes import Process
from aliquot.custody.roles import Role
from aliquot.lab import bench
from aliquot.record.models import Specimen
from aliquot.terms import clock
from aliquot.terms.errors import Broken

_TIMES = 20
_MOST_MS = 150.0


def measure(house: House, number: int) -> list[Figure]:
    """A technician looks at the bench again and again."""
    del number
    actor, line = house.sign_in(Role.TECHNICIAN)
    waiting = Specimen.objects.filter(site=house.site, awaits="results").count()
    first, queries = _queries(house, actor)
    each = counting.costs((house.databases, house.custody, line), [partial(_list, house, actor)] * _TIMES)
    web = Process(("web", "--home", str(house.home)), house.log)
    try:
        web.until(lambda: _get(house, "/sign-in", "")[0] == http.HTTPStatus.OK)
        took = _timed(house, actor)
    finally:
        web.stop()
        line.hang_up()
    return [_counts(waiting, first, queries, each), _times(waiting, took)]


def _counts(waiting: int, first: int, queries: int, each: Costs) -> Figure:
    commits = sum(each.commits.values())
    return Figure(
        f"the list of the bench, {waiting} tubes waiting, {bench.PAGE} shown",
        f"{queries} queries ({first} with one row), {commits:g} durable commits, {each.trips:g} round trips",
        "",
        "",
        "a fixed number of queries, at most one durable commit",
        first == queries and commits <= 1,
        each,
    )


def _times(waiting: int, took: list[float]) -> Figure:
    return Figure(
        f"the page of the bench over HTTP, {waiting} tubes waiting, p50 of {len(took)}",
        f"{quantile(took, 0.5) * 1000:.0f} ms (the first: {took[0] * 1000:.0f} ms)",
        "",
        "",
        f"reported; wanted: {_MOST_MS:g} ms",
        None,
    )


def _queries(house: House, actor: Actor) -> tuple[int, int]:
    """Queries of the list with one row, and with as many as it shows."""
    page, bench.PAGE = bench.PAGE, 1
    try:
        one = _counted(lambda: _list(house, actor))
    finally:
        bench.PAGE = page
    return one, _counted(lambda: _list(house, actor))


def _counted(work: Callable[[], None]) -> int:
    seen = 0

    def count(execute: Callable[..., Any], *asked: Any) -> Any:  # Any: Django's own wrapper
        nonlocal seen
        seen += 1
        return execute(*asked)

    with connection.execute_wrapper(count):
        work()
    return seen


def _list(house: House, actor: Actor) -> None:
    if not bench.waiting(actor, house.site, clock.system()):
        raise Broken("bench: no tube waits")
    bench.in_hand(actor, house.site)


def _timed(house: House, actor: Actor) -> list[float]:
    cookie = f"ticket={base64.urlsafe_b64encode(actor.ticket).decode()}"
    took = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        status, body = _get(house, "/bench", cookie)
        took.append(time.perf_counter() - began)
        if status != http.HTTPStatus.OK or b"<table" not in body:
            raise Broken("bench: the page did not come")
    return took


def _get(house: House, path: str, cookie: str) -> tuple[int, bytes]:
    connected = http.client.HTTPConnection("localhost", house.described.web.port, timeout=30)
    try:
        connected.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connected.getresponse()
        return answer.status, answer.read()
    except OSError:
        return 0, b""
    finally:
        connected.close()
