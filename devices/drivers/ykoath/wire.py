"""One key's card: answers in parts, and touches."""

from __future__ import annotations

from collections.abc import Callable, Container
from time import monotonic
from typing import Final

from devices.apdu import DONE, Command, Response
from devices.card_session import CardSession
from devices.ccid import Patience
from devices.contract import Wait
from devices.driver import Surroundings
from devices.drivers.ykoath.messages import LOCKED, NOT_NOW, SEND_REMAINING, WORDS
from devices.errors import BadAnswer, DeviceError, NotTouched, RefusedByDevice
from devices.links import AnyLink

_MORE: Final = 0x61
_LONGEST_ANSWER: Final = 16_384
_TOUCHED: Final = frozenset({0x01, 0x02, 0xA2})
"""PUT, DELETE and CALCULATE: what a key may want a touch for."""


class OathWire:
    """One key's card."""

    def __init__(self, link: AnyLink, around: Surroundings, on_transfer: Callable[[], None]) -> None:
        timing = around.profile.timing
        self._session = CardSession(link, around, on_transfer)
        self._touch_refused = LOCKED if "touch_to_write" in around.profile.driver.quirks else NOT_NOW
        self._plain = Patience(timing.operation_timeout_s, timing.hand_timeout_s)
        self._touched = Patience(timing.flash_timeout_s, timing.hand_timeout_s, Wait.TOUCH)

    def done(self, command: Command, also: Container[int] = ()) -> bytes:
        """The whole answer's data. Raises NotTouched, RefusedByDevice unless the word is 9000 or one of `also`."""
        began_s = monotonic()
        answer = self._ask(command)
        data = answer.data
        while answer.word >> 8 == _MORE:
            answer = self._ask(SEND_REMAINING)
            data += answer.data
            too_long = monotonic() - began_s > self._plain.extended_s or len(data) > _LONGEST_ANSWER
            if too_long or not answer.data:
                raise BadAnswer(command.name, "an answer without end")
        if answer.word != DONE and answer.word not in also:
            raise self._refusal(command, answer.word, monotonic() - began_s)
        return data

    def close(self) -> None:
        """Forget what was selected, and give the link back."""
        self._session.close()

    def _ask(self, command: Command) -> Response:
        return self._session.ask(command, self._touched if command.ins in _TOUCHED else self._plain)

    def _refusal(self, command: Command, word: int, waited_s: float) -> DeviceError:
        # a key whose application is locked is found so before: here the word is about the hand
        if command.ins in _TOUCHED and word == self._touch_refused:
            return NotTouched(round(waited_s, 1))
        return RefusedByDevice(command.name, WORDS.get(word, f"{word:04x}"))
