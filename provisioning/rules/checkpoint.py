"""A checkpoint of the audit log as text: what is signed, and the signed note around it. PURE.

The form is that of a signed note with the lines of a transparency log's checkpoint: origin, size, root in Base64,
and one line more with the time; then an empty line and the signature's line, `— KEY SIGNATURE`.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

_ED25519: Final = b"\x01"
_DASH: Final = "— "
_HINT_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log had `size` leaves and this root at `at`."""

    origin: str
    size: int
    root: bytes
    at: datetime

    @property
    def body(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n{self.at.isoformat()}\n"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """With a signature that nobody has checked yet."""

    checkpoint: Checkpoint
    key_id: str
    hint: bytes
    signature: bytes

    @property
    def text(self) -> str:
        """The signed note."""
        mark = b64encode(self.hint + self.signature).decode()
        return f"{self.checkpoint.body}\n{_DASH}{self.key_id} {mark}\n"


def key_hint(key_id: str, public_key: bytes) -> bytes:
    """What a signature's line says of its key: four bytes of a hash over the key's name, kind and self."""
    return sha256(key_id.encode() + b"\n" + _ED25519 + public_key).digest()[:_HINT_BYTES]


def parse_checkpoint(text: str) -> SignedCheckpoint:
    """Read a signed note back, to the byte. Raises ValueError."""
    body, _, signature_line = text.partition("\n\n")
    origin, size, root, at = body.split("\n")
    key_id, _, mark = signature_line.removeprefix(_DASH).removesuffix("\n").partition(" ")
    try:
        raw = b64decode(mark, validate=True)
        checkpoint = Checkpoint(origin, int(size), b64decode(root, validate=True), datetime.fromisoformat(at))
    except binascii.Error as error:
        raise ValueError from error
    signed = SignedCheckpoint(checkpoint, key_id, raw[:_HINT_BYTES], raw[_HINT_BYTES:])
    if signed.text != text:
        raise ValueError
    return signed
