"""The rig's own `/app/clock.js`: the app's clock module with the rig's offset in place of the phone's own time.

Only what the rig serves knows of the offset (design §6); the product's module says Date.now and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH: Final = "/app/clock.js"
_FILE: Final = Path(__file__).parent / "page" / "static" / "app_clock.js"


def with_rig_clock(app: WSGIApplication, offset_s: Callable[[], int]) -> WSGIApplication:
    """`app`, but its `/app/clock.js` begins with the rig's offset and follows it from then on."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            return app(environ, start_response)
        body = _FILE.read_bytes().replace(b"OFFSET_S", str(offset_s()).encode())
        headers = [
            ("Content-Type", "text/javascript; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return serve
