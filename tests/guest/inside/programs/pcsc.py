"""APDUs through pyscard, in a process of its own: a smart-card service that is started anew needs a new client."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Final

_WITHIN_S: Final = 60.0


class PcscCard:
    """The card in the reader whose name has `word` in it."""

    def __init__(self, word: str) -> None:
        words = [sys.executable, "-m", __name__, word]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def exchange(self, apdu: bytes) -> bytes:
        """One command to one answer with its status word."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{apdu.hex()}\n")
        self._process.stdin.flush()
        return bytes.fromhex(self._process.stdout.readline())

    def close(self) -> None:
        """Give it back."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(_WITHIN_S) == 0


def main(word: str) -> int:
    """Answer APDUs until there are no more."""
    from smartcard.CardConnection import CardConnection
    from smartcard.System import readers

    until_s = time.monotonic() + _WITHIN_S
    while not (found := [reader for reader in readers() if word in str(reader)]):
        assert time.monotonic() < until_s, f"pcscd knows no reader {word}"
        time.sleep(0.05)
    connection = found[0].createConnection()
    connection.connect(CardConnection.T0_protocol | CardConnection.T1_protocol)
    for line in sys.stdin:
        answer, first, second = connection.transmit(list(bytes.fromhex(line)))
        sys.stdout.write(bytes([*answer, first, second]).hex() + "\n")
        sys.stdout.flush()
    connection.disconnect()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
