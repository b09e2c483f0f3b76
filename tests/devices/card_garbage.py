"""A card whose answers can be replaced: well framed by its reader, and anything at all inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st

from tests.rig.usb.plan import CardGadget

_WORDS: Final = ("9000", "61FF", "6300", "6310", "6982", "6985", "9060", "6A82")
ANSWERS: Final = st.binary(max_size=60) | st.builds(
    lambda data, word: data + bytes.fromhex(word), st.binary(max_size=60), st.sampled_from(_WORDS)
)


def answer_at(card: CardGadget, number: int, answer: bytes) -> None:
    """From now on the answer to the command of that number (from 1) is `answer`."""
    real = card.exchange
    commands = 0

    def exchange(apdu: bytes, extend: Callable[[], None]) -> bytes:
        nonlocal commands
        commands += 1
        return answer if commands == number else real(apdu, extend)

    card.exchange = exchange  # type: ignore[method-assign]


class Canned:
    """From now on the card answers one command otherwise."""

    def __init__(self, card: CardGadget, ins: int, answer: str) -> None:
        self._real = card.exchange
        self._ins = ins
        self._answer = bytes.fromhex(answer)
        card.exchange = self  # type: ignore[method-assign]

    def __call__(self, apdu: bytes, extend: Callable[[], None]) -> bytes:
        return self._answer if apdu[1] == self._ins else self._real(apdu, extend)
