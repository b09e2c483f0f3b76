"""What an application needs whose readers are people: their language, words, styles, forms, sessions.

Imported only where pages are shown: Babel and WTForms cost each process 2 MiB.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from flask import Blueprint, Flask, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import NotFound

from web import assets, dates, faults, languages, money, template_names
from web.fault_pages import fault_page
from web.portal_flood import set_up_portal_flood
from web.sessions import TableSessions


def set_up_pages(app: Flask, tickets_key: bytes | None) -> Callable[[Blueprint], object]:
    """Everything but the pages. Every post needs a CSRF token, unless what is returned is told its blueprint.

    An application without a key for forms reads no cookie: Flask would make a session for every call of a program.
    """
    # the session's own limits end a form
    app.config.update(SECRET_KEY=_form_key(tickets_key), WTF_CSRF_TIME_LIMIT=None)
    set_up_portal_flood(app)
    app.session_interface = TableSessions()
    app.before_request(_refuse_nul)
    languages.set_up_languages(app)
    dates.set_up_dates(app)
    money.set_up_money(app)
    assets.set_up_assets(app)
    template_names.set_up_template_names(app)
    app.extensions[faults.PAGE] = fault_page
    exempt: Callable[[Blueprint], object] = CSRFProtect(app).exempt
    return exempt


def _refuse_nul() -> None:
    """No keyboard types it into an address, and PostgreSQL takes it in no question: there is no such page."""
    if not request.path.startswith("/api/") and any("\0" in value for _, value in request.args.items(multi=True)):
        raise NotFound


def _form_key(tickets_key: bytes | None) -> bytes:
    """Key that signs form tokens: the same in every worker that has the tickets' key."""
    return hmac.digest(tickets_key, b"kagiya form tokens", "sha256") if tickets_key else secrets.token_bytes(32)
