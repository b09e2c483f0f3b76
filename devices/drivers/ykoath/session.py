"""One key's card: which application is selected, answers in parts, and touches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container
from time import monotonic
from typing import Final

from devices.apdu import DONE, Command, Response
from devices.ccid import CcidCard, Patience
from devices.contract import Wait
from devices.driver import Surroundings
from devices.drivers.ykoath.messages import LOCKED, NOT_NOW, SEND_REMAINING, WORDS
from devices.errors import BadAnswer, DeviceError, NotTouched, RefusedByDevice
from devices.links import AnyLink, BulkLink

log = logging.getLogger(__name__)
_MORE: Final = 0x61
_LONGEST_ANSWER: Final = 16_384
_TOUCHED: Final = frozenset({0x01, 0x02, 0xA2})
"""PUT, DELETE and CALCULATE: what a key may want a touch for."""


class OathWire:
    """Powers the card with the first command."""

    def __init__(self, link: AnyLink, around: Surroundings, on_transfer: Callable[[], None]) -> None:
        if not isinstance(link, BulkLink):
            raise TypeError("the key is reached over its card reader's bulk endpoints")
        self._link = link
        self._timing = around.profile.timing
        self._touch_refused = LOCKED if "touch_to_write" in around.profile.driver.quirks else NOT_NOW
        self._card = CcidCard(link, on_transfer, around.on_wait)
        self._powered = False
        self._whole = True

    @property
    def transfers_done(self) -> int:
        """Bulk transfers, both ways."""
        return self._card.transfers_done

    def done(self, command: Command, also: Container[int] = ()) -> bytes:
        """The whole answer's data. Raises NotTouched, RefusedByDevice unless the word is 9000 or one of `also`."""
        began_s = monotonic()
        answer = self._ask(command)
        data = answer.data
        while answer.word >> 8 == _MORE:
            answer = self._ask(SEND_REMAINING)
            data += answer.data
            if len(data) > _LONGEST_ANSWER or not answer.data:
                raise BadAnswer(command.name, "an answer without end")
        if answer.word != DONE and answer.word not in also:
            raise self._refusal(command, answer.word, monotonic() - began_s)
        return data

    def close(self) -> None:
        """Leave the card as after plugging in, and give the link back."""
        try:
            if self._powered and self._whole:
                self._card.power_off(self._timing.operation_timeout_s)
        except DeviceError as failure:
            log.debug("%s: not powered off: %s", self._link.path, failure)
        finally:
            self._link.close()

    def _ask(self, command: Command) -> Response:
        timing = self._timing
        if not self._powered:
            self._card.power_on(timing.open_timeout_s)
            self._powered = True
        self._whole = False
        touched = command.ins in _TOUCHED
        answer_s = timing.flash_timeout_s if touched else timing.operation_timeout_s
        patience = Patience(answer_s, timing.hand_timeout_s, Wait.TOUCH if touched else Wait.NONE)
        raw = self._card.exchange(command.encode(), patience)
        self._whole = True
        return Response.parse(raw, command.name)

    def _refusal(self, command: Command, word: int, waited_s: float) -> DeviceError:
        # a key whose application is locked is found so before: here the word is about the hand
        if command.ins in _TOUCHED and word == self._touch_refused:
            return NotTouched(round(waited_s, 1))
        return RefusedByDevice(command.name, WORDS.get(word, f"{word:04x}"))
