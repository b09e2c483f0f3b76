"""A customer and the bank's host for them: turns intents into requests and keeps what came of each."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Any, Final

from provisioning.rules.otp import code_at
from tests.faults.storm.calls import Answer, call, call_bank_api
from tests.faults.storm.house import FOBS, House, user_id
from tests.faults.storm.institution import STORMY
from tests.faults.storm.ledger import Act, Attempt, Code, Ledger
from tests.faults.storm.plan import Intent, Turn
from tests.fixtures.services import ORIGIN
from tests.rig.fob.flash import Flash
from tests.soft.independent_client import IndependentClient, NotAuthentic, Refused

PERIOD_S: Final = STORMY.otp.period_s
_NEAR_STEPS: Final = 30
_ASKED_AGAIN: Final = 3
_PAUSE_S: Final = 0.15
_OPEN: Final = frozenset({"issued", "set_up", "active", "suspended"})
_PASSWORD: Final = "83719264"


class NoAnswer(Exception):
    """The app's request was lost."""


class _App(IndependentClient):
    """The independent client, over a line that may be cut."""

    port = 0

    def post(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send it."""
        answer = call(self.port, "POST", f"/api/app/v1/{what}", body)
        if answer.status is None:
            raise NoAnswer
        if answer.status != 200:
            raise Refused(answer.status, answer.body)
        return dict(answer.body)


@dataclass
class Customer:
    """One person with one token after the other; the first few have a fob, the others an app."""

    number: int
    house: House
    ledger: Ledger
    seeds: dict[str, bytes] = field(default_factory=dict)
    accepted: list[tuple[str, str, int]] = field(default_factory=list)
    _app: tuple[str, _App] | None = None
    _asked: int = 0
    _steps: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def fob(self) -> str | None:
        """Serial of the customer's fob."""
        return FOBS[self.number] if self.number < len(FOBS) else None

    def turn(self, turn: Turn) -> None:
        """For each intent look where the token stands, and do what it comes to from there."""
        sleep(turn.after_s)
        for intent in turn.intents:
            self._do(intent)

    def _do(self, intent: Intent) -> None:
        standing = self._standing()
        if standing is None:
            return
        state, credential_id = str(standing["state"]), str(standing["credential_id"] or "")
        if state in ("set_up", "active") and credential_id not in self.seeds:
            self._learn(credential_id)
        _TURNS[intent](self, state, credential_id)

    def _standing(self) -> Mapping[str, Any] | None:
        path = f"/customers/{STORMY.service_id}/{user_id(self.number)}"
        answer = call_bank_api(self.house.ports["bank"], self.house.clients[0], path)
        return answer.body if answer.status == 200 else None

    def go_on(self, state: str, credential_id: str) -> None:
        """The next step of a token's life."""
        if state not in _OPEN:
            self._issue()
        elif state == "issued" and self.fob is None:
            self._set_up(credential_id)
        elif state == "set_up":
            self._type(Act.ACTIVATE, "/activate", state, credential_id)
        elif state == "active":
            self.log_in(state, credential_id)
        elif state == "suspended":
            self.lift(state, credential_id)

    def log_in(self, state: str, credential_id: str) -> None:
        """With the code that the token shows."""
        if state != "active":
            self.go_on(state, credential_id)
            return
        self._type(Act.VERIFY, "/verify", state, credential_id)

    def mistype(self, state: str, credential_id: str) -> None:
        """A wrong code."""
        if state in _OPEN:
            self._judge(Act.VERIFY, "/verify", Code.WRONG, self._wrong(credential_id), credential_id, 0)

    def guess(self, state: str, credential_id: str) -> None:
        """One wrong code after the other."""
        for _ in range(STORMY.failure_limit if state == "active" else 0):
            self.mistype(state, credential_id)

    def repeat(self, state: str, credential_id: str) -> None:
        """A code that was accepted before; where there is none, the right one twice at the same time."""
        used = [one for one in self.accepted if one[0] == credential_id]
        if state == "active" and used and self._asked % 2:
            _, otp, step = used[-1]
            self._judge(Act.VERIFY, "/verify", Code.REPEATED, otp, credential_id, step)
        elif state == "active" and self._is_fresh(credential_id):
            second = threading.Thread(target=self._type, args=(Act.VERIFY, "/verify", state, credential_id))
            second.start()
            self._type(Act.VERIFY, "/verify", state, credential_id)
            second.join()

    def type_of_old_token(self, state: str, credential_id: str) -> None:
        """What a token shows that is none any more."""
        old = [seed for name, seed in self.seeds.items() if name != credential_id]
        if state not in _OPEN or not old:
            return
        step = self._step()
        otp = code_at(old[-1], STORMY.otp, step)
        if otp not in self._near(credential_id):
            self._judge(Act.VERIFY, "/verify", Code.OF_AN_ENDED_TOKEN, otp, credential_id, step)

    def lift(self, _state: str, credential_id: str) -> None:
        """Staff lift a suspension, if there is one."""
        self._send(self._attempt(Act.LIFT, credential_id), "/lift", {})

    def end(self, state: str, credential_id: str) -> None:
        """The customer releases the token."""
        if state == "active":
            self._type(Act.RELEASE, "/release", state, credential_id)

    def lose(self, state: str, credential_id: str) -> None:
        """Somebody reports it lost; a fob is only ended, for a lost one never comes back."""
        if state in ("active", "suspended") and self.fob is not None:
            self._send(self._attempt(Act.END, credential_id), "/revoke", {})
        elif state == "issued" and self.fob is None:
            self._send(self._attempt(Act.END, credential_id), "/withdraw", {"kind": "soft"})
        elif state in _OPEN and self.fob is None:
            self._send(self._attempt(Act.END, credential_id), "/revoke", {"how": "lost"})

    def _issue(self) -> None:
        if self.fob is not None:
            self._send(self._attempt(Act.ISSUE_HARD), "/credentials", {"kind": "hard", "fob_serial": self.fob})
            return
        soft = {"mail_address": f"c{self.number}@carrier.example", "activation_password": _PASSWORD}
        self._send(self._attempt(Act.ISSUE_SOFT), "/credentials", {"kind": "soft", **soft})

    def _set_up(self, credential_id: str) -> None:
        if self._app is None or self._app[0] != credential_id:
            made = _App("", STORMY.service_id, user_id(self.number), _PASSWORD, ORIGIN, least_iterations=1000)
            self._app = (credential_id, made)
        app = self._app[1]
        app.port = self.house.ports["bank"]
        attempt = self.ledger.begin(self._attempt(Act.SET_UP, credential_id))
        try:
            self.seeds[credential_id] = app.set_up().seed
            attempt.status = 200
        except NoAnswer:
            attempt.status = None
        except Refused as refused:
            attempt.status, attempt.answer = refused.status, refused.body
        except NotAuthentic:
            attempt.status, attempt.answer = 200, {"error": "not authentic"}
        self.ledger.end(attempt)

    def _learn(self, credential_id: str) -> None:
        """What the fob holds since it was written; an app that lost its answer asks for it again."""
        if self.fob is not None:
            self.seeds[credential_id] = flash_seed(self.house.directory, self.fob)
        elif self._app is not None and self._app[0] == credential_id:
            self._set_up(credential_id)

    def _type(self, act: Act, path: str, _state: str, credential_id: str) -> None:
        """The code of the moment: right if it is the first time."""
        step = self._step()
        seed = self.seeds.get(credential_id)
        if seed is None:
            return
        with self._lock:
            code = Code.RIGHT if step > self._steps.get(credential_id, -1) else Code.REPEATED
        self._judge(act, path, code, code_at(seed, STORMY.otp, step), credential_id, step)
        self._steps[credential_id] = max(self._steps.get(credential_id, -1), step)

    def _judge(self, act: Act, path: str, code: Code, otp: str, credential_id: str, step: int) -> None:
        attempt = self._attempt(act, credential_id)
        attempt.code, attempt.otp, attempt.step = code, otp, step
        self._send(attempt, path, {"otp": otp})
        if attempt.is_accepted:
            self.accepted.append((credential_id, otp, step))

    def _send(self, attempt: Attempt, path: str, members: Mapping[str, str]) -> None:
        """Every other request bears an idempotency key, and is sent again where no answer came."""
        client = next(one for one in self.house.clients if one.id == attempt.client_id)
        body = {"service_id": STORMY.service_id, "user_id": user_id(self.number), **members}
        self.ledger.begin(attempt)
        for _ in range(_ASKED_AGAIN if attempt.key else 1):
            answer = call_bank_api(self.house.ports["bank"], client, path, body, attempt.key)
            self._note(attempt, answer)
            if not attempt.is_unknown:
                break
            sleep(_PAUSE_S)
        self.ledger.end(attempt)

    def _note(self, attempt: Attempt, answer: Answer) -> None:
        attempt.status, attempt.answer = answer.status, answer.body
        attempt.sent = answer.sent
        attempt.unanswered |= answer.sent and answer.status is None

    def _attempt(self, act: Act, credential_id: str = "") -> Attempt:
        with self._lock:
            self._asked += 1
            asked = self._asked
        client = self.house.clients[asked].id
        key = f"{self.number}-{asked}" if asked % 2 else None
        number = len(self.ledger.attempts)
        return Attempt(number, self.number, client, act, credential_id=credential_id, key=key)

    def _step(self) -> int:
        return int(self.house.clock.unix_time()) // PERIOD_S

    def _is_fresh(self, credential_id: str) -> bool:
        return credential_id in self.seeds and self._step() > self._steps.get(credential_id, -1)

    def _near(self, credential_id: str) -> set[str]:
        seed, step = self.seeds.get(credential_id), self._step()
        if seed is None:
            return set()
        return {code_at(seed, STORMY.otp, near) for near in range(step - _NEAR_STEPS, step + _NEAR_STEPS)}

    def _wrong(self, credential_id: str) -> str:
        near = self._near(credential_id)
        return next(code for n in range(self._asked, 10**6) if (code := f"{n:08d}") not in near)


def flash_seed(directory: Path, serial: str) -> bytes:
    """The seed a fob would have after the next power-up; empty without one. The fob is not touched."""
    copy = directory / f"copy of {serial} {threading.get_ident()}"
    shutil.copyfile(directory / "rig" / "fobs" / serial / "flash.bin", copy)
    held = Flash(copy).record.credential
    copy.unlink()
    return b"" if held is None else held.seed


_TURNS: Final[dict[Intent, Callable[[Customer, str, str], None]]] = {
    Intent.GO_ON: Customer.go_on,
    Intent.LOG_IN: Customer.log_in,
    Intent.MISTYPE: Customer.mistype,
    Intent.REPEAT: Customer.repeat,
    Intent.OLD_TOKEN: Customer.type_of_old_token,
    Intent.GUESS: Customer.guess,
    Intent.LIFT: Customer.lift,
    Intent.END: Customer.end,
    Intent.LOSE: Customer.lose,
}
