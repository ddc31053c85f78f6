"""Frames of the protocol: four bytes of length, big endian, then one msgpack array."""

import msgspec

from aliquot.custody.protocol import Answer, Request

MAX_FRAME = 64 * 1024 * 1024
MAX_HELLO = 4 * 1024
"""The longest frame of a process that has not said hello."""

_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
_encoder = msgspec.msgpack.Encoder()


def frame(message: Request | Answer) -> bytes:
    """The bytes of one frame."""
    body = _encoder.encode(message)
    return len(body).to_bytes(4, "big") + body


def request(body: bytes) -> Request:
    """A request from a frame's body.

    Raises:
        msgspec.ValidationError: it is not a request of this version of the protocol.
    """
    return _requests.decode(body)


def answer(body: bytes) -> Answer:
    """An answer from a frame's body."""
    return _answers.decode(body)
