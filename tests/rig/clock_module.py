"""The rig's own `/app/clock.js`: the app's clock module with the rig's offset added to the phone's own time.

Only what the rig serves knows of the offset (design §6); the product's module says Date.now and nothing else. The
service worker compares every file with its digest, so it is told the digest of the rig's module, too.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH: Final = "/app/clock.js"
WORKER_PATH: Final = "/app/sw.js"
_OURS: Final = Path(__file__).parent / "page" / "static" / "app_clock.js"
_PRODUCTS: Final = Path(__file__).parents[2] / "web" / "static" / "app" / "clock.js"


def with_rig_clock(app: WSGIApplication) -> WSGIApplication:
    """`app`, but its `/app/clock.js` follows the rig's clock."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == PATH:
            body = _OURS.read_bytes()
        elif environ.get("PATH_INFO") == WORKER_PATH:
            body = _worker(app, environ)
        else:
            return app(environ, start_response)
        headers = [
            ("Content-Type", "text/javascript; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return serve


def _worker(app: WSGIApplication, environ: WSGIEnvironment) -> bytes:
    body, _status, _headers = run_wsgi_app(app, environ)
    return b"".join(body).replace(_digest(_PRODUCTS), _digest(_OURS))


def _digest(file: Path) -> bytes:
    return b"sha256-" + b64encode(sha256(file.read_bytes()).digest())
