"""A custodian's share as text: to be printed, put into an envelope, and typed in again years later."""

from __future__ import annotations

import re
from base64 import b32decode, b32encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

HEADING: Final = "kagiya key share 1"
_GROUP: Final = 4
_GROUPS_A_LINE: Final = 7
_LINE: Final = re.compile(r"([a-z ]+): (.+)")
_NUMBERS: Final = re.compile(r"([0-9]{1,3}) of ([0-9]{1,3}), ([0-9]{1,3}) needed")
_NAMES: Final = frozenset({"key", "custodian", "share", "splitting", "check value"})


@dataclass(frozen=True, slots=True)
class KeyShare:
    """Share `number` of `of` of the key `kek_id`; `needed` of the same `splitting` give it."""

    kek_id: str
    custodian: str
    splitting: str
    number: int
    of: int
    needed: int
    value: bytes = field(repr=False)

    @property
    def check_value(self) -> str:
        """Tells a mistyped or exchanged share, and nothing of its value."""
        text = f"{HEADING}\n{self.kek_id}\n{self.splitting}\n{self.number} {self.of} {self.needed}\n"
        return check_value(text.encode() + self.value)

    @property
    def text(self) -> str:
        """What goes into the envelope."""
        digits = b32encode(self.value).decode().rstrip("=")
        groups = [digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP)]
        lines = [groups[at : at + _GROUPS_A_LINE] for at in range(0, len(groups), _GROUPS_A_LINE)]
        return "\n".join(
            (
                HEADING,
                f"key: {self.kek_id}",
                f"custodian: {self.custodian}",
                f"share: {self.number} of {self.of}, {self.needed} needed",
                f"splitting: {self.splitting}",
                *("-".join(line) for line in lines),
                f"check value: {self.check_value}",
                "",
            )
        )


def check_value(data: bytes) -> str:
    """32 bits of SHA-256, as people compare them."""
    digits = sha256(data).hexdigest()[:8].upper()
    return f"{digits[:4]} {digits[4:]}"


def parse_share(text: str) -> KeyShare:
    """The share again; case, blanks and hyphens do not matter in its value. Raises ValueError."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if not lines or lines.pop(0) != HEADING:
        raise ValueError("is no share of a key")
    named = {found[1]: found[2] for line in lines if (found := _LINE.fullmatch(line))}
    if set(named) != _NAMES:
        raise ValueError("lacks a line")
    numbers = _NUMBERS.fullmatch(named["share"])
    if numbers is None:
        raise ValueError("does not say which share it is")
    number, of, needed = map(int, numbers.groups())
    digits = re.sub(r"[\s-]", "", "".join(line for line in lines if not _LINE.fullmatch(line))).upper()
    try:
        value = b32decode(digits + "=" * (-len(digits) % 8))
    except ValueError:
        raise ValueError("is mistyped") from None
    share = KeyShare(named["key"], named["custodian"], named["splitting"], number, of, needed, value)
    if share.check_value != named["check value"].upper():
        raise ValueError("is mistyped: its check value is another")
    return share
