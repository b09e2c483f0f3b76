"""Tags and lengths of one byte each, as the applet reads and writes them."""

from __future__ import annotations


class Refusal(Exception):
    """The answer is a status word alone."""

    def __init__(self, word: int) -> None:
        super().__init__(f"{word:04X}")
        self.word = word


def tlv(tag: int, value: bytes) -> bytes:
    """One field."""
    return bytes([tag, len(value)]) + value


class Fields:
    """Reads the fields of a command in order."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    @property
    def empty(self) -> bool:
        """Nothing is left."""
        return not self._left

    def take(self, tag: int) -> bytes:
        """The next field, which must have that tag. Raises Refusal."""
        if self._left[:1] != bytes([tag]):
            raise Refusal(0x6A80)
        if len(self._left) < 2 or len(self._left) < 2 + self._left[1]:
            raise Refusal(0x6700)
        end = 2 + self._left[1]
        value, self._left = self._left[2:end], self._left[end:]
        return value

    def take_if(self, tag: int) -> bytes | None:
        """The same, or None if another field (or nothing) is next."""
        return self.take(tag) if self._left[:1] == bytes([tag]) else None

    def take_flag(self, tag: int) -> int:
        """One byte straight behind its tag, no length; 0 if another field is next."""
        if self._left[:1] != bytes([tag]):
            return 0
        if len(self._left) < 2:
            raise Refusal(0x6700)
        flag, self._left = self._left[1], self._left[2:]
        return flag
