"""The customer key: which one is in force, and putting ours in its place with the holder's consent."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

from devices.apdu import DONE, Command, Response
from devices.contract import Wait
from devices.driver import AccessCode, OnWait
from devices.drivers.molto2.messages import (
    CHALLENGE,
    CHALLENGE_BYTES,
    CUSTOMER_KEY_BYTES,
    FACTORY_KEY,
    CustomerKey,
)
from devices.drivers.molto2.tries import TriesLeft
from devices.drivers.molto2.wire import ASKS, refusal
from devices.errors import BadAnswer, DeviceLocked, NotTouched, RefusedByDevice, WrongAccessCode

Ask = Callable[[Command], Response]
_WRONG_KEY: Final = 0x63
_LOCKED: Final = 0x6983
_ASK_AGAIN_S: Final = 0.4


class CustomerLock:
    """One token's lock in one session. `ours` tells whether our key opened it."""

    def __init__(self, ask: Ask, serial: str, access: AccessCode | None, tries: TriesLeft) -> None:
        self._ask = ask
        self._serial = serial
        self._access = access
        self._tries = tries
        self.ours = False

    def open(self) -> CustomerKey:
        """Authenticate. Raises WrongAccessCode, LastTry, DeviceLocked."""
        if self._access is not None and self._access.tries_left is not None:
            self._tries.heard(self._serial, self._access.tries_left)
        left: int | None = None
        for customer_key in self._candidates():
            if left is not None and left <= 1:
                break
            key = CustomerKey(customer_key)
            left = self._tries_after(key)
            if left is None:
                self.ours = customer_key != FACTORY_KEY
                return key
        raise WrongAccessCode(left)

    def take_over(self, key: CustomerKey, on_wait: OnWait, patience_s: float) -> CustomerKey:
        """Put our key in force, which the holder confirms with the up-arrow key. Raises NotTouched."""
        ours = CustomerKey(self._our_key())
        answer = self._ask(key.change_to(self._our_key()))
        if answer.word == ASKS:
            on_wait(Wait.BUTTON)
            try:
                self._wait_for_button(key, patience_s)
            finally:
                on_wait(Wait.NONE)
        elif answer.word != DONE:
            raise refusal("change_key", answer.word)
        left = self._tries_after(ours)
        if left is not None:
            raise WrongAccessCode(left)
        self.ours = True
        return ours

    def _candidates(self) -> list[bytes]:
        """The factory's key first where ours is not known to be in force: a write that was cut may have set it."""
        if self._access is None:
            return [FACTORY_KEY]
        known = [self._our_key(), FACTORY_KEY]
        return known if self._access.in_force else known[::-1]

    def _our_key(self) -> bytes:
        return self._access.code[:CUSTOMER_KEY_BYTES] if self._access else b""

    def _wait_for_button(self, old: CustomerKey, patience_s: float) -> None:
        """As long as the old key is the right one nobody has pressed; asking with it costs no try."""
        give_up_s = monotonic() + patience_s
        while self._still_right(old):
            left_s = give_up_s - monotonic()
            if left_s <= 0:
                raise NotTouched(patience_s)
            sleep(min(_ASK_AGAIN_S, left_s))

    def _still_right(self, key: CustomerKey) -> bool:
        try:
            return self._tries_after(key) is None
        except RefusedByDevice:
            # whether it answers at all while its screen asks is not known
            return True

    def _tries_after(self, key: CustomerKey) -> int | None:
        """Challenge and answer: None for the right key, else the tries left. Raises LastTry, DeviceLocked."""
        if self._access is None or not self._access.may_use_last_try:
            self._tries.check(self._serial)
        challenge = self._ask(CHALLENGE)
        if challenge.word != DONE:
            raise refusal("challenge", challenge.word)
        if len(challenge.data) != CHALLENGE_BYTES:
            raise BadAnswer("challenge", "wrong length")
        word = self._ask(key.answer(challenge.data)).word
        if word == DONE:
            self._tries.forget(self._serial)
            return None
        left = word & 0xFF if word >> 8 == _WRONG_KEY else 0
        if word == _LOCKED or (word >> 8 == _WRONG_KEY and left == 0):
            raise DeviceLocked("customer_key")
        if word >> 8 != _WRONG_KEY:
            raise refusal("answer", word)
        self._tries.told(self._serial, left)
        return left
