"""The soft-token app's page and its files, under /app/ so that its service worker may serve them offline."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, make_response, render_template, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from web.languages import language

soft_token = Blueprint("soft_token", __name__, url_prefix="/app")

_TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
# modules come from here and nowhere else; a nonce would not fit a page that is kept for offline use
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@soft_token.get("/")
def page() -> Response:
    """The app. Everything it shows is made on the phone."""
    return _checked_each_time(make_response(render_template("app/page.html", language=language())))


@soft_token.get("/manual")
def manual() -> Response:
    """ワンタイムパスワード利用者マニュアル."""
    return _checked_each_time(make_response(render_template("app/manual.html", language=language())))


@soft_token.get("/<name>")
def file(name: str) -> Response:
    """One of the app's files."""
    mimetype = next((kind for ending, kind in _TYPES.items() if name.endswith(ending)), None)
    if mimetype is None:
        raise NotFound
    return _checked_each_time(send_from_directory("static/app", name, mimetype=mimetype))


def _checked_each_time(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = _POLICY
    return response
