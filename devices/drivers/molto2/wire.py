"""Commands to a Molto-2 and its answers."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Final

from devices.apdu import DONE, Command, Response
from devices.card_session import CardSession
from devices.ccid import Patience
from devices.driver import Surroundings
from devices.drivers.molto2.messages import WORDS
from devices.errors import RefusedByDevice
from devices.links import AnyLink

ASKS: Final = 0x9060
"""Taken, and the screen asks the holder to confirm it with the up-arrow key."""
_WRITES: Final = frozenset({0xC5, 0xD4, 0xD5, 0xD7, 0xE6})


class Molto2Wire:
    """One token's card."""

    def __init__(self, link: AnyLink, around: Surroundings, on_transfer: Callable[[], None]) -> None:
        timing = around.profile.timing
        self._session = CardSession(link, around, on_transfer)
        self._plain = Patience(timing.operation_timeout_s, timing.hand_timeout_s)
        self._writing = Patience(timing.flash_timeout_s, timing.hand_timeout_s)

    def ask(self, command: Command) -> Response:
        """One command, whatever its status word."""
        return self._session.ask(command, self._writing if command.ins in _WRITES else self._plain)

    def done(self, command: Command, also: Container[int] = ()) -> bytes:
        """The answer's data. Raises RefusedByDevice unless the word is 9000 or one of `also`."""
        answer = self.ask(command)
        if answer.word != DONE and answer.word not in also:
            raise refusal(command.name, answer.word)
        return answer.data

    def close(self) -> None:
        """End the authenticated session, which would outlast the program, and give the link back."""
        self._session.close()


def refusal(command: str, word: int) -> RefusedByDevice:
    """A status word as a typed error."""
    return RefusedByDevice(command, WORDS.get(word, f"{word:04x}"))
