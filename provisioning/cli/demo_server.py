"""The demonstration's web server: Werkzeug's threaded one, in this very process, on loopback only."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class _KeepsConnections(WSGIRequestHandler):
    """HTTP/1.1, as a production server speaks it."""

    protocol_version = "HTTP/1.1"


class _Server(ThreadedWSGIServer):
    """Requests under way do not hold up the end."""

    daemon_threads = True
    block_on_close = False


def serve_on(listener: socket.socket, application: WSGIApplication) -> ThreadedWSGIServer:
    """A server for `application` on a socket that listens already; run serve_forever in a thread."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    host, port = listener.getsockname()
    return _Server(host, port, application, _KeepsConnections, fd=listener.fileno())
