"""One conversation with a card: powered with its first command, powered off at the end."""

from __future__ import annotations

import logging
from collections.abc import Callable

from devices.apdu import Command, Response
from devices.ccid import CcidCard, Patience
from devices.driver import Surroundings
from devices.errors import DeviceError
from devices.links import AnyLink, BulkLink

log = logging.getLogger(__name__)


class CardSession:
    """The card behind an open bulk link."""

    def __init__(self, link: AnyLink, around: Surroundings, on_transfer: Callable[[], None]) -> None:
        if not isinstance(link, BulkLink):
            raise TypeError("a card is reached over its reader's bulk endpoints")
        self._link = link
        self._timing = around.profile.timing
        self._card = CcidCard(link, on_transfer, around.on_wait)
        self._powered = False
        self._whole = True

    def ask(self, command: Command, patience: Patience) -> Response:
        """One command, whatever its status word. Raises LinkFailed, AnswerUnusable, NotTouched."""
        if not self._powered:
            self._card.power_on(self._timing.open_timeout_s)
            self._powered = True
        self._whole = False
        raw = self._card.exchange(command.encode(), patience)
        self._whole = True
        return Response.parse(raw, command.name)

    def close(self) -> None:
        """Leave the card as after plugging in, for who was let in would be so after us, and give the link back."""
        try:
            if self._powered and self._whole:
                self._card.power_off(self._timing.operation_timeout_s)
        except DeviceError as failure:
            log.debug("%s: not powered off: %s", self._link.path, failure)
        finally:
            self._link.close()
