"""Logs are JSON lines, carry the request's id, and hide what must never be in them (R10, R65)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from werkzeug.test import Client

from provisioning.cli.request_log import RequestLog
from provisioning.logs import configure, new_request_id

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Logging as in production at the most talkative level; call it for the lines so far."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("debug", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_an_event_is_one_json_line(lines: Lines) -> None:
    structlog.get_logger("kagiya.test").info("verified", outcome="accepted", tries_left=3)
    (line,) = lines()
    assert line["event"] == "verified"
    assert line["outcome"] == "accepted"
    assert line["tries_left"] == 3
    assert line["level"] == "info"
    assert line["logger"] == "kagiya.test"
    assert line["at"].endswith("Z")


def test_a_desk_that_polls_every_second_does_not_fill_the_log(lines: Lines) -> None:
    polls = logging.getLogger("httpx")
    for level, told in (("info", ["gone"]), ("debug", ["POST", "gone"])):
        stream = io.StringIO()
        configure(level, stream)
        polls.info("POST")
        polls.warning("gone")
        assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == told


@pytest.mark.usefixtures("lines")
def test_polls_do_not_bury_what_people_did() -> None:
    def app(environ: dict[str, str], start: Any) -> list[bytes]:
        start("401 Unauthorized" if "bad" in environ["QUERY_STRING"] else "200 OK", [])
        return []

    stream = io.StringIO()
    configure("info", stream)
    client = Client(RequestLog(app))
    for asked in (
        "/api/station/v1/poll",
        "/staff/stations/live",
        "/healthz",
        "/staff/",
        "/api/station/v1/poll?bad",
    ):
        client.get(asked)
    told = [json.loads(line)["path"] for line in stream.getvalue().splitlines()]
    assert told == ["/staff/", "/api/station/v1/poll"]


def test_who_has_spoken_already_follows_to_another_stream(lines: Lines) -> None:
    logger = structlog.get_logger("kagiya.test")
    first = io.StringIO()
    configure("debug", first)
    logger.info("before")
    first.close()
    second = io.StringIO()
    configure("debug", second)
    logger.info("after")
    assert json.loads(second.getvalue())["event"] == "after"


def test_a_request_is_known_by_its_id_in_libraries_too(lines: Lines) -> None:
    request_id = new_request_id()
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        structlog.get_logger().debug("ours")
        logging.getLogger("some.library").debug("theirs")
    assert [line["request_id"] for line in lines()] == [request_id, request_id]


@pytest.mark.parametrize(
    "name",
    ["otp", "seed", "password", "confirmation_password", "activation_password", "code", "key", "private_key",
     "authorization", "cookie", "token", "mail_address", "otp1", "access_code", "query"],
)  # fmt: skip
def test_what_is_called_a_secret_is_hidden(lines: Lines, name: str) -> None:
    structlog.get_logger().info("event", **{name: "canary-7", "facts": {name: "canary-7"}})
    structlog.get_logger().info("event", **{name: 20261120})
    written = json.dumps(lines())
    assert "canary-7" not in written
    assert "20261120" not in written


@pytest.mark.parametrize(
    "secret",
    [
        "94287082",
        "9428 7082",
        "１２３４５６７８",
        "999800000001",
        "taro@example.co.jp",
        "Bearer kgy_abc",
        "3132333435363738393031323334353637383930",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6cXV4",
    ],
)
def test_what_looks_like_a_secret_is_hidden_wherever_it_stands(lines: Lines, secret: str) -> None:
    structlog.get_logger().info(f"tried {secret}.", path=f"/x?value={secret}", facts=[{"seen": (secret,)}])
    logging.getLogger("some.library").warning("sent %s and %r", secret, secret.encode())
    logging.getLogger("some.library").error("failed", exc_info=ValueError(secret))
    written = json.dumps(lines(), ensure_ascii=False)
    assert len(lines()) == 3
    assert secret not in written


def test_bytes_are_hidden(lines: Lines) -> None:
    structlog.get_logger().info("event", sent=b"canary-8", more=bytearray(b"canary-8"))
    assert "canary-8" not in json.dumps(lines())


def test_what_helps_to_find_a_fault_stays(lines: Lines) -> None:
    credential_id = "0123456789abcdef0123456789abcdef"
    structlog.get_logger().info("programmed", credential_id=credential_id, serial="KF0000123", took_ms=41.5)
    (line,) = lines()
    assert (line["credential_id"], line["serial"], line["took_ms"]) == (credential_id, "KF0000123", 41.5)


@pytest.mark.parametrize("payload", ['x\r\n{"event": "forged"}', "\u202egnp.exe", "\x1b[2J", "a\u2028b"])
def test_a_value_cannot_forge_a_line(lines: Lines, payload: str) -> None:
    stream = io.StringIO()
    configure("info", stream)
    structlog.get_logger().info("event", typed=payload)
    assert stream.getvalue().isascii()
    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue())["typed"] == payload
