"""Somebody between a station and its server, who keeps everything and can send any of it again, or instead."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_KEPT = ("Authorization", "Content-Type")
_TOLD = ("Kagiya-Answer", "Content-Type")


@dataclass
class Exchange:
    """One request as the station sent it, and what the server answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    answer: httpx.Response


@dataclass
class Proxy:
    """`meddle` gives the station another answer than the server's; `hold` keeps a request from the server."""

    server: httpx.Client
    url: str = ""
    seen: list[Exchange] = field(default_factory=list)
    held: list[Exchange] = field(default_factory=list)
    meddle: Callable[[Exchange], httpx.Response] | None = None
    hold: bool = False

    def again(self, exchange: Exchange) -> httpx.Response:
        """Send a request that was kept to the server (once more)."""
        return self.server.post(exchange.path, content=exchange.body, headers=exchange.headers)


@contextmanager
def recording_proxy(server: httpx.Client) -> Iterator[Proxy]:
    """On a free port of this machine's loopback."""
    proxy = Proxy(server)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    listener = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    proxy.url = f"http://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield proxy
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy

    def do_POST(self) -> None:
        """Pass it on, or keep it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: value for name in _KEPT if (value := self.headers[name])}
        sent = Exchange(self.path, headers, body, httpx.Response(502))
        if self.proxy.hold:
            self.proxy.held.append(sent)
            answer = sent.answer
        else:
            sent.answer = answer = self.proxy.again(sent)
            self.proxy.seen.append(sent)
            if self.proxy.meddle is not None:
                answer = self.proxy.meddle(sent)
        self.send_response(answer.status_code)
        for name in _TOLD:
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Quiet."""
