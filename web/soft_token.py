"""The soft-token app's page and its files, under /app/ so that its service worker may serve them offline."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

from flask import Blueprint, current_app, make_response, render_template, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from web import current
from web.languages import language

soft_token = Blueprint("soft_token", __name__, url_prefix="/app")

_TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_OFFLINE: Final = {".js", ".css", ".svg"}
"""Endings of what the service worker keeps; icons and manifests are the system's to keep."""

_PAGES: Final = {"": "app/page.html", "manual": "app/manual.html", "download": "app/download.html"}
"""Templates of the pages that are there offline, too."""

_WORKER: Final = "sw.js"
# modules come from here and nowhere else; a nonce would not fit a page that is kept for offline use
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@soft_token.get("/")
def page() -> Response:
    """The app. Everything it shows is made on the phone."""
    return _shown("")


@soft_token.get("/manual")
def manual() -> Response:
    """ワンタイムパスワード利用者マニュアル."""
    return _shown("manual")


@soft_token.get("/download")
def download() -> Response:
    """ダウンロードサイト: how the app comes onto a smartphone."""
    return _shown("download")


@soft_token.get("/download/feature-phone")
def feature_phone() -> Response:
    """What a feature phone can do and what not, where an institution names this page."""
    if not _names_feature_phones():
        raise NotFound
    return _checked_each_time(make_response(_text("app/feature_phone.html")))


@soft_token.get(f"/{_WORKER}")
def worker() -> Response:
    """The service worker; in front of it what this version is made of, to the last byte."""
    digests = {name: _digest(_text(template).encode()) for name, template in _PAGES.items()}
    kept = sorted(file for file in _folder().iterdir() if file.suffix in _OFFLINE and file.name != _WORKER)
    digests |= {file.name: _digest(file.read_bytes()) for file in kept}
    code = (_folder() / _WORKER).read_bytes()
    version = _digest(json.dumps(digests).encode() + code)
    text = f"const VERSION = {json.dumps(version)};\nconst FILES = {json.dumps(digests, indent=1)};\n"
    response = make_response(text.encode() + code)
    response.mimetype = _TYPES[".js"]
    return _checked_each_time(response)


@soft_token.get("/<name>")
def file(name: str) -> Response:
    """One of the app's files."""
    mimetype = next((kind for ending, kind in _TYPES.items() if name.endswith(ending)), None)
    if mimetype is None:
        raise NotFound
    return _checked_each_time(send_from_directory(_folder(), name, mimetype=mimetype))


def _shown(name: str) -> Response:
    return _checked_each_time(make_response(_text(_PAGES[name])))


def _text(template: str) -> str:
    origin = current.services().settings.app.origin
    return render_template(
        template, language=language(), names_feature_phones=_names_feature_phones(), origin=origin
    )


def _names_feature_phones() -> bool:
    return any(one.app.feature_phone for one in current.services().institutions.values())


def _folder() -> Path:
    return Path(current_app.static_folder or "") / "app"


def _digest(content: bytes) -> str:
    """As browsers compare it (Subresource Integrity)."""
    return f"sha256-{b64encode(sha256(content).digest()).decode()}"


def _checked_each_time(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = _POLICY
    return response
