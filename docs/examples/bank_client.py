"""A bank's own internet banking at work: manual 003 walked through the bank API alone.

    KAGIYA_URL=… KAGIYA_KEY=… python docs/examples/bank_client.py SERVICE_ID USER_ID MAIL_ADDRESS

The key wants the scopes read, issue, verify, end and events. What the customer does, the program asks for on
standard output and reads from standard input: the activation password, codes, the confirmation password.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

TRIES: Final = 5
LATER_S: Final = 0.5


class Refused(Exception):
    """The API said no: `code` is one of its stable error codes, `facts` what else it told."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {answer['error']}")
        self.status, self.code, self.facts = status, answer["error"], answer


@dataclass
class BankApi:
    """The API for one customer. Every change bears an idempotency key: a lost answer is asked for again."""

    http: httpx.Client
    service_id: str
    user_id: str

    def state(self) -> dict[str, Any]:
        """Where the customer's token stands."""
        return self._answer(self.http.get(f"/api/v1/customers/{self.service_id}/{self.user_id}"))

    def events(self, after: int) -> list[dict[str, Any]]:
        """What ended since the event `after`; a host keeps the last number it has read."""
        answer = self._answer(self.http.get(f"/api/v1/events/{self.service_id}", params={"after": str(after)}))
        events: list[dict[str, Any]] = answer["events"]
        return events

    def change(self, path: str, **members: str) -> dict[str, Any]:
        """Do something once, however often the answer is lost on the way or the other side is busy."""
        body = {"service_id": self.service_id, "user_id": self.user_id, **members}
        key = {"Idempotency-Key": str(uuid.uuid4())}
        for left in reversed(range(TRIES)):
            try:
                return self._answer(self.http.post(f"/api/v1{path}", json=body, headers=key))
            except httpx.TransportError:
                if not left:
                    raise
            except Refused as refused:
                if not left or refused.code not in {"in_progress", "unavailable", "too_many_requests"}:
                    raise
            time.sleep(LATER_S)
        raise AssertionError

    def decide(self, path: str, **members: str) -> str:
        """Have something that was typed judged: `accepted`, or why not."""
        answer = self.change(path, **members)
        return str(answer.get("reason", answer["outcome"]))

    @staticmethod
    def _answer(response: httpx.Response) -> dict[str, Any]:
        answer: dict[str, Any] = response.json()
        if response.is_error:
            raise Refused(response.status_code, answer)
        return answer


def walk(bank: BankApi, mail_address: str) -> None:
    """Issue, activate, log in, release, tell the host, and issue again on the next day."""
    read_so_far = max((event["number"] for event in bank.events(0)), default=0)
    issue(bank, mail_address)
    ask("Set the app up with the mail. Done?")
    accepted(bank.decide("/activate", otp=ask("First code of the app?")), "activated")
    accepted(bank.decide("/verify", otp=ask("Next code, at login?")), "logged in")
    say(f"transfer limit {bank.state().get('transfer_limit_yen')}")
    code, password = ask("Next code, to release?"), ask("Confirmation password?")
    accepted(bank.decide("/release", otp=code, confirmation_password=password), "released")
    for event in bank.events(read_so_far):
        say(f"event {event['number']}: {event['ended_how']}, limit at most {event.get('limit_cap_yen')}")
    say(f"transfer limit {bank.state().get('transfer_limit_yen')}")
    try:
        issue(bank, mail_address)
    except Refused as refused:
        if refused.code != "too_early":
            raise
        ask(f"The next token may be issued from {refused.facts['until']} on. Is it then?")
        issue(bank, mail_address)


def issue(bank: BankApi, mail_address: str) -> None:
    """A soft token for the app on the customer's phone."""
    password = ask("Activation password, 4 to 8 digits?")
    bank.change("/credentials", kind="soft", mail_address=mail_address, activation_password=password)
    say(bank.state()["state"])


def accepted(outcome: str, done: str) -> None:
    """Go on only after yes."""
    if outcome != "accepted":
        sys.exit(f"refused: {outcome}")
    say(done)


def say(line: str) -> None:
    """What happened."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ask(question: str) -> str:
    """What the customer types."""
    say(question)
    return sys.stdin.readline().strip()


def main() -> None:
    """Who and where from the command line and the environment; the key is never an argument."""
    service_id, user_id, mail_address = sys.argv[1:]
    headers = {"Authorization": f"Bearer {os.environ['KAGIYA_KEY']}"}
    with httpx.Client(base_url=os.environ["KAGIYA_URL"], headers=headers, timeout=30) as http:
        walk(BankApi(http, service_id, user_id), mail_address)


if __name__ == "__main__":
    main()
