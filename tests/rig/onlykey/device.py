"""The emulated key itself: takes reports, answers in sentences, and types codes when its button is pressed."""

from __future__ import annotations

import hmac
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from tests.rig.at_work import AtWork
from tests.rig.onlykey.memory import LABEL_BYTES, WIPED, Slot

REPORT_BYTES: Final = 64
LABEL_GAP_S: Final = 0.02
POLL_MS: Final = 5
"""Its interrupt endpoints' interval. A label waits for the host's poll while the key rests."""
_HEADER: Final = b"\xff\xff\xff\xff"
_SET_TIME: Final = 0xE4
_GET_LABELS: Final = 0xE5
_SET_SLOT: Final = 0xE6
_WIPE_SLOT: Final = 0xE7
_LABEL: Final = 1
_TFA_TYPE: Final = 8
_TOTP_SEED: Final = 9
_KEY_LABELS: Final = 0x6B
_FIELD_NAMES: Final = {_LABEL: "Label", 2: "Username", 5: "Password", _TFA_TYPE: "2FA Type", 15: "URL"}
_WIPED_PARTS: Final = (
    "Label",
    "URL",
    "Additional Characters",
    "Delay 1",
    "Username",
    "Delay 2",
    "Password",
    "Delay 3",
    "2FA Type",
    "2FA Key",
)
_PERIOD_S: Final = 30
_DIGITS: Final = 6


class Model(StrEnum):
    """The letter that ends the version text: colour LED, original, DUO with and without a PIN."""

    COLOR = "c"
    ORIGINAL = "o"
    DUO = "p"
    DUO_WITHOUT_PIN = "n"

    @property
    def is_duo(self) -> bool:
        """Three buttons and 24 slots."""
        return self in (Model.DUO, Model.DUO_WITHOUT_PIN)


class EmulatedOnlyKey:
    """One key. Slots outlast power; the clock, the unlocking and what was to be read do not. Safe between threads.

    `initialized`: a PIN was set once. `needs_config_mode`: this one takes slots only after its button was held and
    the PIN entered again. `slots` counts from 1.
    """

    def __init__(
        self,
        world_unix_time: Callable[[], float],
        *,
        model: Model = Model.COLOR,
        firmware: str = "2.1.2",
        initialized: bool = True,
        needs_config_mode: bool = False,
    ) -> None:
        self.model = model
        self.firmware = firmware
        self.initialized = initialized
        self.needs_config_mode = needs_config_mode
        # the owner enters the PIN whenever the key gets power: nobody has to play the hand
        self.pin_at_once = False
        self.slots: dict[int, Slot] = dict.fromkeys(range(1, (24 if model.is_duo else 12) + 1), Slot())
        self._world = world_unix_time
        self._lock = threading.Lock()
        # how long it rests after the answer before, and the answer
        self._answers: deque[tuple[float, bytes]] = deque()
        self._work = AtWork()
        self._label_gap_s = 0.0
        self._unlocked = False
        self._config_mode = False
        self._clock: tuple[int, float] | None = None

    # what the hand does

    def enter_pin(self) -> None:
        """The right PIN on its own buttons; the key says so unasked."""
        with self._lock:
            if not self.initialized:
                return
            self._unlocked = True
            self._say(self._version("UNLOCKED"))

    def enter_config_mode(self) -> None:
        """Button 6 held, PIN again."""
        with self._lock:
            self._config_mode = self._unlocked

    def press(self, slot: int) -> str:
        """What it types as a keyboard: six digits, NOTSET without a clock, or nothing."""
        with self._lock:
            held = self.slots[slot]
            if not self._unlocked or not held.is_totp:
                return ""
            unix_time = self._unix_time()
            return "NOTSET" if unix_time is None else _code(held.seed, unix_time)

    @property
    def clock_offset_s(self) -> float | None:
        """How far its clock is from the world's; None while it has none."""
        with self._lock:
            unix_time = self._unix_time()
            return None if unix_time is None else unix_time - self._world()

    def take_time(self) -> None:
        """From now on it rests between two labels as a real one."""
        self._label_gap_s = LABEL_GAP_S

    def worked_s(self) -> float:
        """How long it has rested so far, beyond the host's own interval."""
        with self._lock:
            return self._work.total_s * (1 - POLL_MS / 1000 / LABEL_GAP_S)

    def lose_power(self) -> None:
        """Pulled out."""
        with self._lock:
            self._answers.clear()
            self._work.stop()
            self._unlocked = self._config_mode = False
            self._clock = None

    # ReportGadget

    def take_report(self, data: bytes) -> None:
        """One message; what does not begin as one is not for this key."""
        if data[:4] != _HEADER:
            return
        with self._lock:
            message, rest = data[4], data[5:]
            self._unlocked |= self.pin_at_once and self.initialized
            if not self._unlocked and self.initialized:
                self._say_locked(message)
            elif message == _SET_TIME:
                self._connect(rest)
            elif not self.initialized:
                self._say("Error OnlyKey must be initialized first")
            elif message == _GET_LABELS:
                self._tell_labels(rest)
            elif message == _SET_SLOT:
                self._set_slot(rest)
            elif message == _WIPE_SLOT:
                self._wipe_slot(rest[0])

    def next_report(self) -> bytes | None:
        """The next answer."""
        with self._lock:
            if self._work.busy or not self._answers:
                return None
            _, answer = self._answers.popleft()
            if self._answers:
                self._work.begin(self._answers[0][0])
            return answer

    # inside

    def _say(self, text: str) -> None:
        self._answer(text.encode("ascii"))

    def _answer(self, data: bytes, rest_s: float = 0.0) -> None:
        self._answers.append((rest_s, data.ljust(REPORT_BYTES, b"\0")))

    def _version(self, word: str) -> str:
        return f"{word}v{self.firmware}-prod{self.model}"

    def _say_locked(self, message: int) -> None:
        if message == _SET_TIME:
            self._say("INITIALIZED-D" if self.model.is_duo else "INITIALIZED")
        else:
            self._say("Error device locked")

    def _connect(self, rest: bytes) -> None:
        if not self.initialized:
            self._say(self._version("UNINITIALIZED"))
            return
        self._say(self._version("UNLOCKED"))
        if self._clock is None and not self._config_mode:
            self._clock = (int.from_bytes(rest[:4], "big"), time.monotonic())

    def _unix_time(self) -> int | None:
        if self._clock is None:
            return None
        told, since_s = self._clock
        return told + int(time.monotonic() - since_s)

    def _tell_labels(self, rest: bytes) -> None:
        if rest[0] == _KEY_LABELS:
            for number in range(25, 45):
                self._answer(bytes([number]) + b"|")
            return
        for number, slot in self.slots.items():
            code = number if number <= 9 else number + 6
            self._answer(bytes([code]) + b"|" + slot.label[:LABEL_BYTES], self._label_gap_s if number > 1 else 0.0)

    def _set_slot(self, rest: bytes) -> None:
        number, field, value = rest[0], rest[1], rest[2:]
        if self.needs_config_mode and not self._config_mode:
            self._say("Error not in config mode")
            return
        slot = self.slots.get(number)
        if slot is None:
            return
        if field == _LABEL:
            self.slots[number] = slot.with_label(value)
        elif field == _TOTP_SEED:
            self.slots[number] = slot.with_seed(value)
        elif field == _TFA_TYPE:
            self.slots[number] = slot.with_kind(value)
        else:
            self.slots[number] = slot.with_text(field, value)
        self._say(f"Successfully set {_FIELD_NAMES.get(field, '2FA Key')}")

    def _wipe_slot(self, number: int) -> None:
        if number in self.slots:
            self.slots[number] = WIPED
            for part in _WIPED_PARTS:
                self._say(f"Successfully wiped {part}")


def _code(seed: bytes, unix_time: int) -> str:
    """RFC 6238 with HMAC-SHA-1, six digits, 30 seconds."""
    digest = hmac.digest(seed, (unix_time // _PERIOD_S).to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)
