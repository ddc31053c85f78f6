"""The line to the custodian: one connection for each thread, made anew when the custodian was away."""

import os
import threading
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.custody.client import Client
from aliquot.custody.denial import CustodyGone
from aliquot.custody.protocol import Answer, Request, SessionOpened

A = TypeVar("A", bound=Answer)


class Line:
    """How one process reaches custody: as web or cli for people, or as a service with a key of its own."""

    def __init__(self, socket: Path, process: str, service: tuple[str, Ed25519PrivateKey] | None = None) -> None:
        self._socket = socket
        self._process = process
        self._service = service
        self._local = threading.local()

    def ask(self, request: Request, kind: type[A]) -> A:
        """Ask over this thread's connection.

        Raises:
            Denial, Broken, CustodyGone: as `custody.client`. After `CustodyGone` the next call connects anew.
        """
        try:
            return self._client().ask(request, kind)
        except CustodyGone:
            self.hang_up()
            raise

    def tell(self, request: Request) -> None:
        """Say something that is not answered; if nobody hears it, it does not matter."""
        try:
            self._client().tell(request)
        except CustodyGone:
            self.hang_up()

    def session(self) -> SessionOpened:
        """The session of a service."""
        self._client()
        opened: SessionOpened = self._local.session
        return opened

    def hang_up(self) -> None:
        """Close this thread's connection."""
        client: Client | None = getattr(self._local, "client", None)
        if client is not None:
            client.close()
            self._local.client = None

    def _client(self) -> Client:
        client: Client | None = getattr(self._local, "client", None)
        if client is not None and client.process_id != os.getpid():
            # After a fork both processes would read from one line, and one of them the other's patient.
            self.hang_up()
            client = None
        if client is None:
            if self._service is None:
                client = Client(self._socket, self._process)
            else:
                client, self._local.session = Client.service(self._socket, *self._service)
            self._local.client = client
        return client
