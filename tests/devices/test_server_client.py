"""Enrolment and signed requests over real HTTP, checked by a server that verifies them itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from devices.agent import StationConfig, run_station
from devices.contract import (
    ANSWER_HEADER,
    Authorization,
    ContractError,
    DeviceSeen,
    Enrol,
    Enrolled,
    FailureCode,
    JobResult,
    Poll,
    Problem,
    Progress,
    Work,
    answer_text,
    dump,
    load,
    parse_authorization,
    signed_text,
)
from devices.errors import KeyFileUnsafe, NotEnrolled, ServerRefused, ServerUnreachable
from devices.seed_box import Enrolment
from devices.server_client import ServerClient, enrol

NOW = 1_795_158_000.7


@dataclass
class Counter:
    """What the server has seen. `status` and `body` answer everything but enrolment and polls."""

    station_keys: dict[str, Ed25519PublicKey] = field(default_factory=dict)
    requests: list[tuple[str, bytes, str]] = field(default_factory=list)
    nonces: list[str] = field(default_factory=list)
    status: int = 204
    body: bytes = b""
    poll_body: bytes = dump(Work((), 1))
    url: str = ""
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    signs: Callable[[bytes], bytes] | None = None

    @property
    def enrolled(self) -> Enrolled:
        """What a new station is told."""
        return Enrolled("st1", "窓口1", self.key.public_key().public_bytes_raw().hex())

    def sign(self, text: bytes) -> str:
        """The answer's signature in hexadecimal."""
        return (self.signs or self.key.sign)(text).hex()


class _Handler(BaseHTTPRequestHandler):
    counter: Counter

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self._answer(body)
        self.send_response(status)
        if "Authorization" in self.headers:
            seen = parse_authorization(self.headers["Authorization"])
            text = answer_text(seen.station_id, seen.nonce, status, answer)
            self.send_header(ANSWER_HEADER, self.counter.sign(text))
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        if self.path == "/api/station/v1/enrol":
            return self._enrol(load(Enrol, body))
        header = self.headers["Authorization"]
        self.counter.requests.append((self.path, body, header))
        seen = parse_authorization(header)
        try:
            text = signed_text(self.command, self.path, seen.time, seen.nonce, body)
            self.counter.station_keys[seen.station_id].verify(seen.signature, text)
        except (KeyError, InvalidSignature):
            return 401, b""
        self.counter.nonces.append(seen.nonce)
        return (
            (200, self.counter.poll_body)
            if self.path.endswith("/poll")
            else (self.counter.status, self.counter.body)
        )

    def _enrol(self, message: Enrol) -> tuple[int, bytes]:
        if message.code != "good-code":
            return 404, b"{}"
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(message.signing_key))
        assert len(bytes.fromhex(message.sealing_key)) == 32
        self.counter.station_keys["st1"] = key
        return 200, dump(self.counter.enrolled)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def counter() -> Iterator[Counter]:
    made = Counter()
    handler = type("Handler", (_Handler,), {"counter": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def enrolment(counter: Counter, tmp_path: Path) -> Enrolment:
    enrol(counter.url, "good-code", tmp_path / "station")
    return Enrolment.load(tmp_path / "station")


@pytest.fixture
def client(enrolment: Enrolment) -> Iterator[ServerClient]:
    made = ServerClient(enrolment, lambda: NOW)
    yield made
    made.close()


def test_enrolment_keeps_name_and_keys_for_the_owner_alone(counter: Counter, tmp_path: Path) -> None:
    directory = tmp_path / "a" / "station"
    assert enrol(counter.url, "good-code", directory) == counter.enrolled
    kept = Enrolment.load(directory)
    assert (kept.station_id, kept.name, kept.server_url) == ("st1", "窓口1", counter.url)
    assert {file.stat().st_mode & 0o777 for file in directory.iterdir()} == {0o600}
    assert directory.stat().st_mode & 0o777 == 0o700
    assert "PrivateKey" not in repr(kept)


def test_a_wrong_code_leaves_no_enrolment(counter: Counter, tmp_path: Path) -> None:
    with pytest.raises(ServerRefused) as caught:
        enrol(counter.url, "stale-code", tmp_path / "station")
    assert caught.value.status == 404
    assert "stale-code" not in str(caught.value)
    with pytest.raises(NotEnrolled):
        Enrolment.load(tmp_path / "station")


@pytest.mark.parametrize("name", ["signing.key", "sealing.key", "."])
def test_keys_that_others_can_read_are_refused(enrolment: Enrolment, tmp_path: Path, name: str) -> None:
    assert enrolment.station_id == "st1"
    file = tmp_path / "station" / name
    file.chmod(file.stat().st_mode | 0o040)
    with pytest.raises(KeyFileUnsafe) as caught:
        Enrolment.load(tmp_path / "station")
    assert caught.value.mode in ("640", "740")


@pytest.mark.parametrize("name", ["signing.key", "sealing.key", "station.json"])
@pytest.mark.parametrize("content", [None, b"", b"[1]"])
@pytest.mark.usefixtures("enrolment")
def test_a_damaged_enrolment_counts_as_none(tmp_path: Path, name: str, content: bytes | None) -> None:
    file = tmp_path / "station" / name
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(NotEnrolled):
        Enrolment.load(tmp_path / "station")


def test_a_poll_is_signed_with_time_and_fresh_nonce(client: ServerClient, counter: Counter) -> None:
    poll = Poll((DeviceSeen("/dev/hidraw0", "hid"),), ("job1",))
    assert client.poll(poll) == Work((), 1)
    client.poll(poll)
    (path, body, _), _ = counter.requests
    assert (path, load(Poll, body)) == ("/api/station/v1/poll", poll)
    times = [parse_authorization(header).time for _, _, header in counter.requests]
    assert times == ["1795158000700", "1795158000701"], "later at each request, though the clock stood still"
    assert len(set(counter.nonces)) == 2


def test_progress_and_results_go_to_their_job(client: ServerClient, counter: Counter) -> None:
    client.progress("job7", Progress(3, 23))
    result = JobResult(problem=Problem(FailureCode.TIMEOUT, {"path": "/dev/hidraw0"}))
    client.result("job7", result)
    (first, body, _), (second, told, _) = counter.requests
    assert (first, load(Progress, body)) == ("/api/station/v1/jobs/job7/progress", Progress(3, 23))
    assert (second, load(JobResult, told)) == ("/api/station/v1/jobs/job7/result", result)


def test_another_stations_key_is_refused(enrolment: Enrolment, counter: Counter) -> None:
    stranger = ServerClient(replace(enrolment, station_id="st2"), lambda: NOW)
    with pytest.raises(ServerRefused) as caught:
        stranger.poll(Poll((), ()))
    assert (caught.value.status, caught.value.path) == (401, "/api/station/v1/poll")
    assert counter.nonces == []
    stranger.close()


@pytest.mark.parametrize("status", [302, 409, 500])
def test_an_answer_other_than_success_carries_its_status(
    client: ServerClient, counter: Counter, status: int
) -> None:
    counter.status = status
    with pytest.raises(ServerRefused) as caught:
        client.progress("job7", Progress(1, 2))
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"error": "not_authentic", "fault": "clock"}', "clock"),
        (b'{"error": "bad_message", "message": "Poll", "problem": "not JSON"}', "not JSON"),
        (b'{"error": "wrong_state"}', "wrong_state"),
        (b'{"error": ["?"]}', ""),
        (b'{"error": "a\\nb"}', ""),
        (b"[]", ""),
        (b"<html>", ""),
        (b"", ""),
    ],
)
def test_a_refusal_carries_the_servers_word_for_it(
    client: ServerClient, counter: Counter, body: bytes, reason: str
) -> None:
    counter.status, counter.body = 409, body
    with pytest.raises(ServerRefused) as caught:
        client.progress("job7", Progress(1, 2))
    assert caught.value.reason == reason
    assert reason in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"jobs": []}', b'{"jobs": [], "unix_time": 1, "version": 2}'])
def test_an_answer_of_another_form_is_no_answer(client: ServerClient, counter: Counter, body: bytes) -> None:
    counter.poll_body = body
    with pytest.raises(ServerUnreachable, match="another contract"):
        client.poll(Poll((), ()))


def test_a_server_that_is_not_there(enrolment: Enrolment, tmp_path: Path) -> None:
    # port 9 of this machine takes no connections
    gone = ServerClient(replace(enrolment, server_url="http://127.0.0.1:9"), lambda: NOW)
    with pytest.raises(ServerUnreachable, match="ConnectError"):
        gone.poll(Poll((), ()))
    gone.close()
    with pytest.raises(ServerUnreachable):
        enrol("http://localhost:9", "good-code", tmp_path / "other")


@pytest.mark.parametrize("url", ["http://otp.example.co.jp", "ftp://localhost", "http://10.0.0.1", "otp.example"])
def test_nothing_is_sent_to_another_machine_without_tls(tmp_path: Path, url: str) -> None:
    with pytest.raises(ServerUnreachable, match="not https"):
        enrol(url, "good-code", tmp_path / "other")


def test_a_station_runs_against_the_server_until_it_is_stopped(
    enrolment: Enrolment, counter: Counter, tmp_path: Path
) -> None:
    assert enrolment.name
    stop = threading.Event()
    running = threading.Thread(target=run_station, args=(StationConfig(tmp_path / "station", poll_s=0.01), stop))
    running.start()
    for _ in range(500):
        if counter.requests:
            break
        stop.wait(0.01)
    stop.set()
    running.join()
    assert load(Poll, counter.requests[0][1]) == Poll((), ())


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer abc",
        Authorization("a", "1", "0" * 32, bytes(64)).header() + " ",
        Authorization("a b", "1", "0" * 32, bytes(64)).header(),
        Authorization("a", "now", "0" * 32, bytes(64)).header(),
        Authorization("a", "1" * 16, "0" * 32, bytes(64)).header(),
        Authorization("a", "1", "0" * 31, bytes(64)).header(),
        Authorization("a", "1", "0" * 32, bytes(63)).header(),
    ],
)
def test_an_authorization_of_another_form_is_refused(header: str) -> None:
    with pytest.raises(ContractError):
        parse_authorization(header)


def test_an_authorization_survives_its_header() -> None:
    made = Authorization("st-1", "1795158000", "0123456789abcdef" * 2, bytes(range(64)))
    assert parse_authorization(made.header()) == made
    assert "signature" not in repr(made)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"reports_done": "3"}, "not int"),
        ({"reports_done": None}, "not int"),
        ({"extra": 1}, "unknown field 'extra'"),
        ({"version": 9}, "another version"),
    ],
)
def test_messages_of_another_form_name_the_field(change: dict[str, object], problem: str) -> None:
    body = json.dumps({"reports_done": 1, "reports_total": 2, "version": 1} | change).encode()
    with pytest.raises(ContractError, match=problem):
        load(Progress, body)
