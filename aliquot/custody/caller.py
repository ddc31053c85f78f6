"""The other end of a connection: which process says it is there, and what it has proved."""

from dataclasses import dataclass


@dataclass
class Caller:
    """One connection. `uid` is the Unix user, told by the kernel; `challenge` waits for a service's signature."""

    uid: int
    process: str = ""
    service: str = ""
    challenge: bytes = b""

    def forget_challenge(self) -> None:
        """A challenge is signed once."""
        self.challenge = b""
