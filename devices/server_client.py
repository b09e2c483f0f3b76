"""Asks the server: signed JSON over HTTPS (plain HTTP on this machine only). devices.contract has the forms.

Nothing is believed that the server did not sign as its answer to this very request, not even a refusal.
"""

from __future__ import annotations

import ipaddress
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
from cryptography.exceptions import InvalidSignature

from devices.contract import (
    ANSWER_HEADER,
    Authorization,
    ContractError,
    Enrol,
    Enrolled,
    JobResult,
    Poll,
    Progress,
    Work,
    answer_text,
    dump,
    load,
    signed_text,
)
from devices.errors import ServerRefused, ServerUnreachable
from devices.seed_box import Enrolment, StationKeys

POLL: Final = "/api/station/v1/poll"
ENROL: Final = "/api/station/v1/enrol"
_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_REASON_LETTERS: Final = 80
_CLOCK: Final = "clock"
_NOT_SIGNED: Final = "an answer that the server did not sign for this request"
_HEADERS: Final = {"Content-Type": "application/json"}


class StationServer(Protocol):
    """What the agent needs of the server. Every call raises ServerUnreachable or ServerRefused."""

    def poll(self, poll: Poll) -> Work:
        """Tell what is here; get the jobs to start."""
        ...

    def progress(self, job_id: str, progress: Progress) -> None:
        """Tell how far a job has come."""
        ...

    def result(self, job_id: str, result: JobResult) -> None:
        """Tell how a job ended; may be told again."""
        ...


class ServerClient:
    """The server over HTTP, for one enrolled station. Safe between threads."""

    def __init__(self, enrolment: Enrolment, clock: Callable[[], float]) -> None:
        """`clock` is Unix time in seconds; the server believes a request within a minute of its own."""
        self._enrolment = enrolment
        self._clock = clock
        self._last_ms = 0
        self._guard = threading.Lock()
        self._http = _client(enrolment.server_url)

    def poll(self, poll: Poll) -> Work:
        response = self._post(POLL, poll)
        try:
            return load(Work, response.content)
        except ContractError as error:
            raise ServerUnreachable(POLL, f"another contract: {error.problem}") from None

    def progress(self, job_id: str, progress: Progress) -> None:
        self._post(f"/api/station/v1/jobs/{job_id}/progress", progress)

    def result(self, job_id: str, result: JobResult) -> None:
        self._post(f"/api/station/v1/jobs/{job_id}/result", result)

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def _post(self, path: str, message: Any) -> httpx.Response:
        body, time, nonce = dump(message), self._time(), secrets.token_hex(16)
        signature = self._enrolment.keys.signing.sign(signed_text("POST", path, time, nonce, body))
        header = Authorization(self._enrolment.station_id, time, nonce, signature).header()
        response = _send(self._http, path, body, {"Authorization": header})
        self._check_signature(response, path, nonce)
        if _reason(response) == _CLOCK:
            with self._guard:
                self._last_ms = 0  # what was drawn by a wrong clock binds nobody
            raise ServerRefused(path, response.status_code, _clock_words(self._clock(), response))
        return _accepted(response, path)

    def _time(self) -> str:
        """Later than every one before, also while the desk's clock is set back a little."""
        with self._guard:
            self._last_ms = max(self._last_ms + 1, int(self._clock() * 1000))
            return str(self._last_ms)

    def _check_signature(self, response: httpx.Response, path: str, nonce: str) -> None:
        """Raises ServerUnreachable: whoever answered, it was not the server, or it did not answer this."""
        text = answer_text(self._enrolment.station_id, nonce, response.status_code, response.content)
        try:
            self._enrolment.server_key.verify(bytes.fromhex(response.headers.get(ANSWER_HEADER, "")), text)
        except (InvalidSignature, ValueError):
            told = f"{response.status_code} {_reason(response)}".strip()
            raise ServerUnreachable(path, f"{_NOT_SIGNED} ({told})") from None


def enrol(server_url: str, code: str, directory: Path) -> Enrolled:
    """Make keys, show the one-time code to the server, and keep what it answers in `directory`.

    Raises ServerRefused (wrong or spent code: 4xx), ServerUnreachable, KeyFileUnsafe.
    """
    keys = StationKeys.generate()
    message = Enrol(
        code=code,
        signing_key=keys.signing.public_key().public_bytes_raw().hex(),
        sealing_key=keys.sealing.public_key().public_bytes_raw().hex(),
    )
    with _client(server_url) as http:
        response = _accepted(_send(http, ENROL, dump(message), {}), ENROL)
    try:
        enrolled = load(Enrolled, response.content)
        Enrolment.of(enrolled, server_url, keys).save(directory)
    except ContractError as error:
        raise ServerUnreachable(ENROL, f"another contract: {error.problem}") from None
    except ValueError:
        raise ServerUnreachable(ENROL, "another contract: server_key") from None
    return enrolled


def _client(server_url: str) -> httpx.Client:
    """Raises ServerUnreachable for plain HTTP to another machine: the one-time code and the seeds need TLS."""
    url = httpx.URL(server_url)
    if url.scheme != "https" and not (url.scheme == "http" and _is_this_machine(url.host)):
        raise ServerUnreachable(str(url.copy_with(userinfo=None)), "not https")
    return httpx.Client(base_url=url, timeout=_TIMEOUT, headers=_HEADERS, follow_redirects=False)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _send(http: httpx.Client, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    try:
        return http.post(path, content=body, headers=headers)
    except httpx.HTTPError as error:
        raise ServerUnreachable(path, type(error).__name__) from None


def _accepted(response: httpx.Response, path: str) -> httpx.Response:
    if not response.is_success:
        raise ServerRefused(path, response.status_code, _reason(response))
    return response


def _clock_words(time: float, response: httpx.Response) -> str:
    """How far the desk's clock is off, by the server's time in its refusal, and the mend."""
    told = response.json().get("unix_time")
    if not isinstance(told, int):
        return _CLOCK
    offset_s = round(time) - told
    where = f"{abs(offset_s)} s {'ahead of' if offset_s > 0 else 'behind'} the server's"
    return f"this desk's clock is {where}; set it right, for example with `sudo timedatectl set-ntp true`"


def _reason(response: httpx.Response) -> str:
    """What the server calls it, so that the log names a desk whose clock is wrong or that was revoked."""
    try:
        told = response.json()
    except (ValueError, RecursionError):
        return ""
    words = (told.get(key) for key in ("fault", "problem", "error")) if isinstance(told, dict) else ()
    return next((word[:_REASON_LETTERS] for word in words if isinstance(word, str) and word.isprintable()), "")
