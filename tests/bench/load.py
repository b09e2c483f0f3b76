"""A cheap load generator: a few connections to this machine, each sending its next request when answered.

Requests are prepared bytes and answers are hardly read, so that on two cores most of the time is left to
the server.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

MOST_CONNECTIONS: Final = 64
MOST_SECONDS: Final = 60.0
_HEAD_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came back: latencies in seconds, sorted; answers that were not as wanted; the time it all took."""

    latencies_s: tuple[float, ...]
    unwanted: int
    first_unwanted: bytes
    elapsed_s: float

    @property
    def per_second(self) -> float:
        """Answered requests per second."""
        return len(self.latencies_s) / self.elapsed_s

    def percentile_ms(self, percent: float) -> float:
        """Latency in milliseconds that `percent` of the requests did not exceed."""
        return self.latencies_s[min(len(self.latencies_s) - 1, int(len(self.latencies_s) * percent / 100))] * 1000


@dataclass(slots=True)
class _Connection:
    line: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def send(self, request: bytes) -> None:
        self.received.clear()
        self.sent_at = time.perf_counter()
        self.line.sendall(request)

    def take(self) -> bytes | None:
        """The whole answer once it is here."""
        chunk = self.line.recv(65536)
        if not chunk:
            raise ConnectionResetError("the server closed the connection")
        self.received += chunk
        head_end = self.received.find(_HEAD_END)
        if head_end < 0 or len(self.received) < head_end + 4 + _body_bytes(self.received[:head_end]):
            return None
        return bytes(self.received)


def post_json(path: str, body: bytes, *headers: str) -> bytes:
    """One HTTP/1.1 request as bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + _HEAD_END + body


def get(path: str) -> bytes:
    """One HTTP/1.1 request without a body, as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost".encode() + _HEAD_END


def run_load(
    port: int, requests: Iterator[bytes], wanted: Callable[[bytes], bool], *, connections: int, seconds: float
) -> LoadResult:
    """Send `requests` to 127.0.0.1 until they or the time end. `wanted` judges an answer (head and body)."""
    if not 1 <= connections <= MOST_CONNECTIONS or not 0 < seconds <= MOST_SECONDS:
        raise ValueError("the load generator is bounded")
    latencies: list[float] = []
    unwanted: list[bytes] = []
    with selectors.DefaultSelector() as selector, ExitStack() as lines:
        opened = [lines.enter_context(_line(port)) for _ in range(connections)]
        begun = time.perf_counter()
        for connection in map(_Connection, opened):
            if (request := next(requests, None)) is not None:
                selector.register(connection.line, selectors.EVENT_READ, connection)
                connection.send(request)
        while selector.get_map() and time.perf_counter() - begun < seconds:
            for key, _ in selector.select(timeout=1):
                answer = key.data.take()
                if answer is None:
                    continue
                latencies.append(time.perf_counter() - key.data.sent_at)
                if not wanted(answer):
                    unwanted.append(answer)
                if (request := next(requests, None)) is None:
                    selector.unregister(key.data.line)
                else:
                    key.data.send(request)
        elapsed = time.perf_counter() - begun
    return LoadResult(tuple(sorted(latencies)), len(unwanted), unwanted[0] if unwanted else b"", elapsed)


def _line(port: int) -> socket.socket:
    """A connection to this machine, never to another."""
    line = socket.create_connection(("127.0.0.1", port), timeout=10)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _body_bytes(head: bytearray) -> int:
    name = b"content-length:"
    at = head.lower().find(name)
    return int(head[at + len(name) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
