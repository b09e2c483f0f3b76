"""Commands to a Molto-2 and its answers, counted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container
from typing import Final

from devices.apdu import DONE, Command, Response
from devices.ccid import CcidCard, Patience
from devices.driver import Surroundings
from devices.drivers.molto2.messages import WORDS
from devices.errors import DeviceError, RefusedByDevice
from devices.links import AnyLink, BulkLink

log = logging.getLogger(__name__)
ASKS: Final = 0x9060
"""Taken, and the screen asks the holder to confirm it with the up-arrow key."""
_WRITES: Final = frozenset({0xC5, 0xD4, 0xD5, 0xD7, 0xE6})


class Molto2Wire:
    """Powers the card with the first command."""

    def __init__(self, link: AnyLink, around: Surroundings, on_transfer: Callable[[], None]) -> None:
        if not isinstance(link, BulkLink):
            raise TypeError("the token is reached over its card reader's bulk endpoints")
        self._link = link
        self._timing = around.profile.timing
        self._card = CcidCard(link, on_transfer, around.on_wait)
        self._powered = False
        self._whole = True

    @property
    def transfers_done(self) -> int:
        """Bulk transfers, both ways."""
        return self._card.transfers_done

    def ask(self, command: Command) -> Response:
        """One command, whatever its status word."""
        timing = self._timing
        if not self._powered:
            self._card.power_on(timing.open_timeout_s)
            self._powered = True
        self._whole = False
        answer_s = timing.flash_timeout_s if command.ins in _WRITES else timing.operation_timeout_s
        raw = self._card.exchange(command.encode(), Patience(answer_s, timing.hand_timeout_s))
        self._whole = True
        return Response.parse(raw, command.name)

    def done(self, command: Command, also: Container[int] = ()) -> bytes:
        """The answer's data. Raises RefusedByDevice unless the word is 9000 or one of `also`."""
        answer = self.ask(command)
        if answer.word != DONE and answer.word not in also:
            raise refusal(command.name, answer.word)
        return answer.data

    def close(self) -> None:
        """End the authenticated session, which would outlast the program, and give the link back."""
        try:
            if self._powered and self._whole:
                self._card.power_off(self._timing.operation_timeout_s)
        except DeviceError as failure:
            log.debug("%s: not powered off: %s", self._link.path, failure)
        finally:
            self._link.close()


def refusal(command: str, word: int) -> RefusedByDevice:
    """A status word as a typed error."""
    return RefusedByDevice(command, WORDS.get(word, f"{word:04x}"))
