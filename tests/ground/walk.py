"""The README's walk through the interfaces that others call: demo.json, bank API, app API, rig (contract only).

python -m tests.ground.walk DIR/demo.json
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from tests.soft.independent_client import IndependentClient, Token

ACTIVATION_PASSWORD: Final = "483926"
DAY_S: Final = 86_400
PERIOD_S: Final = 60
WAIT_S: Final = 60.0


@dataclass
class Walk:
    """Somebody who goes the whole way, with nothing but what demo.json says."""

    facts: dict[str, Any]
    http: httpx.Client
    moved_s: int = 0
    told: list[str] = field(default_factory=list)

    def go(self) -> list[str]:
        """Every step; AssertionError where one does not do what it must. What was done, step by step."""
        self._fob_for_a()
        self._soft_token_for_b()
        self._suspended_and_lifted()
        self._released_and_issued_anew()
        return self.told

    def _fob_for_a(self) -> None:
        self._expect(self._state(0), "none")
        issued = self._bank("credentials", 0, status=201, kind="hard", fob_serial=self._serial(0))
        assert issued["credential_id"]
        self._until(lambda: self._state(0) == "set_up")
        self._expect(self._bank("activate", 0, otp=self._display(0))["outcome"], "accepted")
        self._next_code()
        code = self._display(0)
        self._expect(self._verify(0, code), ("accepted", None))
        self._expect(self._verify(0, code), ("refused", "used"))
        self._tell("A's fob is written, activated, used; a used code is refused")

    def _soft_token_for_b(self) -> None:
        address = "b@walk.example"
        wanted = {"mail_address": address, "activation_password": ACTIVATION_PASSWORD}
        self._bank("credentials", 1, status=201, kind="soft", **wanted)
        (mail,) = self._until(lambda: self._mails(address))
        user_id = self.facts["customers"][1]["user_id"]
        assert user_id in mail["text"]
        assert ACTIVATION_PASSWORD not in mail["text"]
        app = IndependentClient(self.facts["base_url"], self._service_id, user_id, ACTIVATION_PASSWORD)
        token = app.set_up()
        self._expect(self._bank("activate", 1, otp=self._code(token))["outcome"], "accepted")
        self._next_code()
        self._expect(self._verify(1, self._code(token)), ("accepted", None))
        self._tell("B's mail came, the app was set up, the token is in use")

    def _suspended_and_lifted(self) -> None:
        wrong = [f"{number:08d}" for number in range(20) if f"{number:08d}" != self._display(0)]
        for code in wrong:
            if self._verify(0, code) == ("refused", "suspended"):
                break
        self._expect(self._state(0), "suspended")
        self._next_code()
        self._expect(self._verify(0, self._display(0)), ("refused", "suspended"))
        self._bank("lift", 0)
        self._expect(self._state(0), "active")
        self._expect(self._verify(0, self._display(0)), ("accepted", None))
        self._tell("wrong codes suspended A; lifted, A is in again")

    def _released_and_issued_anew(self) -> None:
        self._next_code()
        last, confirmation = self._display(0), self.facts["customers"][0]["confirmation_password"]
        released = self._bank("release", 0, otp=last, confirmation_password=confirmation)
        self._expect(released["outcome"], "accepted")
        self._expect(self._state(0), "ended")
        self._next_code()
        self._expect(self._verify(0, self._display(0))[0], "refused")
        self._bank("credentials", 0, status=409, kind="hard", fob_serial=self._serial(1))
        self._move(DAY_S)
        self._bank("credentials", 0, status=201, kind="hard", fob_serial=self._serial(1))
        self._until(lambda: self._state(0) == "set_up")
        self._expect(self._verify(0, self._display(0))[0], "refused")
        self._expect(self._bank("activate", 0, otp=self._display(1))["outcome"], "accepted")
        self._next_code()
        self._expect(self._verify(0, self._display(0))[0], "refused")
        self._expect(self._verify(0, self._display(1)), ("accepted", None))
        self._tell("A released; today no new token, tomorrow one; the old fob's codes never work again")

    @property
    def _service_id(self) -> str:
        return str(self.facts["institutions"][0]["service_id"])

    def _bank(self, path: str, customer: int, status: int = 200, **body: Any) -> dict[str, Any]:
        whose = {"service_id": self._service_id, "user_id": self.facts["customers"][customer]["user_id"]}
        headers = {"Authorization": f"Bearer {self.facts['bank_api_key']}"}
        answer = self.http.post(f"{self.facts['base_url']}/api/v1/{path}", json=whose | body, headers=headers)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        found: dict[str, Any] = answer.json()
        return found

    def _verify(self, customer: int, otp: str) -> tuple[str, str | None]:
        answer = self._bank("verify", customer, otp=otp)
        return answer["outcome"], answer.get("reason")

    def _state(self, customer: int) -> str:
        user_id = self.facts["customers"][customer]["user_id"]
        headers = {"Authorization": f"Bearer {self.facts['bank_api_key']}"}
        url = f"{self.facts['base_url']}/api/v1/customers/{self._service_id}/{user_id}"
        return str(self.http.get(url, headers=headers).json()["state"])

    def _serial(self, fob: int) -> str:
        return str(self.facts["fobs"][fob]["serial"])

    def _display(self, fob: int) -> str:
        return str(self.http.get(self.facts["fobs"][fob]["display_url"]).json()["display"])

    def _mails(self, address: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.http.get(
            f"{self.facts['rig_url']}/mails", params={"to": address}
        ).json()
        return found

    def _code(self, token: Token) -> str:
        return token.code(datetime.now(UTC) + timedelta(seconds=self.moved_s))

    def _next_code(self) -> None:
        self._move(PERIOD_S)

    def _move(self, seconds: int) -> None:
        self.http.post(f"{self.facts['rig_url']}/clock", json={"advance_s": seconds}).raise_for_status()
        self.moved_s += seconds

    def _until(self, look: Callable[[], Any]) -> Any:
        until_s = time.monotonic() + WAIT_S
        while not (found := look()):
            assert time.monotonic() < until_s, "it did not happen in time"
            time.sleep(0.1)
        return found

    def _expect(self, found: object, wanted: object) -> None:
        assert found == wanted, (found, wanted)

    def _tell(self, what: str) -> None:
        self.told.append(what)


def walk(demo_json: Path) -> list[str]:
    """Go the whole way with a demonstration that nobody has used yet."""
    with httpx.Client(timeout=30) as http:
        return Walk(json.loads(demo_json.read_bytes()), http).go()


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in walk(Path(sys.argv[1])))
