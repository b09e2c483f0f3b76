"""What an OnlyKey keeps without power: its slots."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

LABEL_BYTES: Final = 16
NEVER_WRITTEN: Final = b"\xff" * LABEL_BYTES
"""Flash that nobody wrote reads as ones, and so does its label."""
_KIND_TOTP: Final = b"g"
_SHORT_RUN: Final = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot. `kind` is the second-factor type byte, empty where there is none."""

    label: bytes = NEVER_WRITTEN
    seed: bytes = field(default=b"", repr=False)
    kind: bytes = b""
    texts: tuple[tuple[int, bytes], ...] = ()

    def with_label(self, value: bytes) -> Slot:
        """Field 1: what fits is kept, padded with zeros."""
        return replace(self, label=value[:LABEL_BYTES].ljust(LABEL_BYTES, b"\0"))

    def with_seed(self, value: bytes) -> Slot:
        """Field 9: the length is not told, so the seed ends where four zero bytes begin; the type follows."""
        return replace(self, seed=until_zeros(value), kind=_KIND_TOTP)

    def with_kind(self, value: bytes) -> Slot:
        """Field 8: the second-factor type alone."""
        return replace(self, kind=value[:1].strip(b"\0"))

    def with_text(self, number: int, value: bytes) -> Slot:
        """Any other field, kept as it came."""
        others = tuple(pair for pair in self.texts if pair[0] != number)
        return replace(self, texts=(*others, (number, until_zeros(value))))

    @property
    def is_totp(self) -> bool:
        """Whether a press types a code."""
        return self.kind == _KIND_TOTP and bool(self.seed)


WIPED: Final = Slot(label=bytes(LABEL_BYTES))


def until_zeros(value: bytes) -> bytes:
    """As the device measures what has no length: everything before the first four zero bytes in a row."""
    padded = value + bytes(_SHORT_RUN)
    return padded[: padded.index(bytes(_SHORT_RUN))]
