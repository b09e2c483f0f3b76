"""A limit on what one source may post to the portal and to the sign-in of the console, and on the sessions that it
may begin: each is a row of the database (R15).

Nobody's loop keeps others out. Everything is counted by source, and the tries of a login ID by source and login ID
together: a flood from elsewhere neither uses up a customer's own tries nor learns whether the ID exists. Those
behind one address share its allowance, nobody else. Wrong passwords and codes are counted in the database,
whatever is admitted here.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, current_app, request

from provisioning.rules.plain_signs import plain_digits
from provisioning.rules.subscriber import subscriber
from web import current, sessions
from web.flood import Allowance, FloodGuard

PER_SOURCE: Final = Allowance(burst=300, per_s=5.0)
# far above what fingers do, and what a page does that was left open
PER_LOGIN: Final = Allowance(burst=30, per_s=0.5)
# far above what a carrier's customers behind one address do
PER_NEWCOMER: Final = Allowance(burst=600, per_s=20.0)
_SOURCES: Final = "page flood guard"
_LOGINS: Final = "sign-in flood guard"
NEWCOMERS: Final = "new session flood guard"
# where somebody is signed in at the console already, their pages may post as they like
_PREFIXES: Final = ("/portal/", "/company/", "/staff/sign-in/", "/staff/welcome/")
_NAMED_BY: Final = {"/portal/sign-in/": "login_id", "/staff/sign-in/fallback": "number"}
_LONGEST_ID: Final = 64


def set_up_portal_flood(app: Flask) -> None:
    """Ask before anything else is done."""
    app.extensions[_SOURCES] = FloodGuard(PER_SOURCE)
    app.extensions[_LOGINS] = FloodGuard(PER_LOGIN)
    app.extensions[NEWCOMERS] = FloodGuard(PER_NEWCOMER)
    app.before_request(_admit)


def _admit() -> None:
    """Raises TooManyRequests (429)."""
    source, now = subscriber(current.origin()), current.now()
    if sessions.is_nobodys():
        newcomers: FloodGuard = current_app.extensions[NEWCOMERS]
        newcomers.admit(source, now)
    if request.method != "POST" or not request.path.startswith(_PREFIXES):
        return
    sources: FloodGuard = current_app.extensions[_SOURCES]
    sources.admit(source, now)
    name = next((field for prefix, field in _NAMED_BY.items() if request.path.startswith(prefix)), None)
    if name is not None:
        logins: FloodGuard = current_app.extensions[_LOGINS]
        login_id = plain_digits(request.form.get(name, "")).casefold()[:_LONGEST_ID]
        logins.admit(f"{source} {request.path} {login_id}", now)
