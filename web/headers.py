"""Security headers of every answer, with a fresh nonce for the scripts of every page (R59)."""

from __future__ import annotations

import secrets
from typing import Final

from flask import Flask, g, request
from werkzeug.wrappers import Response

_POLICY: Final = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
_POLICY_TEXT: Final = "; ".join(f"{name} {value}" for name, value in _POLICY.items())
_PAGE: Final = "text/html"
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # the CSRF check over TLS reads the Referer of our own pages
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_HSTS: Final = "max-age=63072000; includeSubDomains"
_VERSIONED: Final = "public, max-age=31536000, immutable"


def set_up_headers(app: Flask) -> None:
    """Add the headers to every answer."""
    app.after_request(_add)


def csp_nonce() -> str:
    """The nonce of this page's scripts, 128 bits."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _add(response: Response) -> Response:
    # what is no page runs no script, so its policy needs no nonce
    policy = f"script-src 'nonce-{csp_nonce()}'; {_POLICY_TEXT}" if response.mimetype == _PAGE else _POLICY_TEXT
    has = {name.lower() for name, _ in response.headers}
    ours = [("Content-Security-Policy", policy), *_ALWAYS.items()]
    response.headers.extend([(name, value) for name, value in ours if name.lower() not in has])
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    response.headers["Cache-Control"] = _caching(response)
    return response


def _caching(response: Response) -> str:
    """Pages are never kept; files of ours are asked for again, unless their address names their content."""
    if request.endpoint != "static" or response.status_code not in (200, 304):
        own = response.headers.get("Cache-Control", "")
        return own if request.path.startswith("/app/") and own else "no-store"
    return _VERSIONED if "v" in request.args else "no-cache"
