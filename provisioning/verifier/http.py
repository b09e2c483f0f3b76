"""Asks the verifier over HTTP, under TLS with certificates on both sides.

Whatever goes wrong means that nothing is told, and so that the act is refused. Questions change nothing, so one
whose connection broke is asked once more: a verifier that was started again keeps nobody waiting.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx

from provisioning.errors import ClockUntrusted, VerifierAway, WrongState
from provisioning.rules.otp import Expected, Match
from provisioning.rules.verifier import Operation
from provisioning.store.vault import SealedSeed
from provisioning.verifier import messages
from provisioning.verifier.questions import Adopted, AdoptQuestion, CodeQuestion
from provisioning.verifier.role_tokens import RoleTokens

Answer = TypeVar("Answer")
_CONNECT_S: Final = 2.0
_TOLD_LETTERS: Final = 40
_CONNECTIONS: Final = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=60)


class HttpVerifier:
    """The verifier in another process. Safe between threads, not across a fork."""

    def __init__(self, http: httpx.Client, tokens: RoleTokens) -> None:
        """`http` leads to the verifier (`connection_to`)."""
        self._http = http
        self._tokens = tokens

    def judge(self, question: CodeQuestion) -> Match:
        """The verdict. Raises VerifierAway, WrongState, ClockUntrusted."""
        context = question.context
        return self._judge(
            question.operation, context.credential_id, context.seed_version, question.codes, question.now
        )

    def decoy(self, operation: Operation, expected: Expected, code: str, now: datetime) -> None:
        """A question about a credential that does not exist goes the same way, and takes as long."""
        del expected  # nobody's
        try:
            self._judge(operation, messages.NOBODY, 0, (code,), now)
        except WrongState:
            return

    def adopt(self, question: AdoptQuestion) -> Adopted:
        """The verdict and the seed sealed anew. Raises as `judge`."""
        to = question.to
        asked = messages.AdoptRequest(to.credential_id, question.fob_id, to.seed_version, question.code)
        return self._ask(messages.ADOPT, asked, _adopted, question.now)

    def access_code(self, profile: str, serial: str, now: datetime) -> bytes:
        """What the verifier derived. Raises VerifierAway, ClockUntrusted."""
        return self._ask(messages.ACCESS_CODE, messages.AccessCodeRequest(profile, serial), _access_code, now)

    def canary(self, sealed: SealedSeed, now: datetime) -> bytes:
        """What the verifier found in it. Raises VerifierAway, ClockUntrusted."""
        asked = messages.ReadyRequest(*messages.sealed_texts(sealed))
        return self._ask(messages.READY, asked, _digest, now)

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def _judge(
        self, operation: Operation, credential_id: str, seed_version: int, codes: tuple[str, ...], now: datetime
    ) -> Match:
        asked = messages.JudgeRequest(operation, credential_id, seed_version, " ".join(codes))
        return self._ask(messages.JUDGE, asked, _match, now)

    def _ask(self, path: str, message: Any, read: Callable[[bytes], Answer], now: datetime) -> Answer:
        """What `read` makes of the answer; it raises ValueError for one of another form."""
        body = messages.dump(message)
        headers = {"Authorization": self._tokens.header(now), "Content-Type": "application/json"}
        try:
            response = self._post_again(path, body, headers)
        except httpx.HTTPError as error:
            raise VerifierAway(type(error).__name__) from None
        if response.status_code != httpx.codes.OK:
            raise _refusal(response)
        try:
            return read(response.content)
        except ValueError:
            raise VerifierAway("another form of answer") from None

    def _post_again(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        try:
            return self._http.post(path, content=body, headers=headers)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return self._http.post(path, content=body, headers=headers)


def connection_to(url: str, context: ssl.SSLContext, timeout_s: float) -> httpx.Client:
    """Connections that are kept. `context` has our certificate and believes our authority alone."""
    timeout = httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s))
    return httpx.Client(base_url=url, verify=context, timeout=timeout, limits=_CONNECTIONS, trust_env=False)


def client_context(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 towards a verifier that our authority certified, showing our own certificate."""
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key, password=lambda: "")
    return context


def _match(content: bytes) -> Match:
    return messages.read_judgement(messages.load(messages.Judgement, content))


def _adopted(content: bytes) -> Adopted:
    answer = messages.load(messages.Adoption, content)
    sealed = messages.read_sealed(answer) if answer.sealed_seed else None
    return Adopted(messages.read_judgement(answer), sealed)


def _access_code(content: bytes) -> bytes:
    return messages.read_access_code(messages.load(messages.AccessCodeAnswer, content))


def _digest(content: bytes) -> bytes:
    return bytes.fromhex(messages.load(messages.ReadyAnswer, content).digest)


def _refusal(response: httpx.Response) -> VerifierAway | WrongState | ClockUntrusted:
    told = _told(response)
    if told == messages.AskFault.WRONG_STATE:
        return WrongState("credential", "changed")
    if told == messages.AskFault.CLOCK:
        return ClockUntrusted()
    return VerifierAway(f"{response.status_code} {told}".strip())


def _told(response: httpx.Response) -> str:
    try:
        told = response.json()
    except ValueError:
        return ""
    words = [told.get(name) for name in ("error", "fault")] if isinstance(told, dict) else []
    return " ".join(word[:_TOLD_LETTERS] for word in words if isinstance(word, str) and word.isprintable())
