"""The web application: which blueprints a process serves is decided by its roles.

Whoever adds a blueprint adds one line to `_blueprints`.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from provisioning.rules.roles import Role
from provisioning.services import Services
from web import assets, dates, faults, headers, languages, metrics
from web.api.app import app_api
from web.api.bank import bank_api
from web.api.station import station_api
from web.current import EXTENSION, Face
from web.front import front, set_up_templates
from web.health import health
from web.pages.customer import customer_pages
from web.pages.staff import staff_pages
from web.sessions import TableSessions
from web.soft_token import soft_token

_MAX_BODY_BYTES: Final = 64 * 1024


def create_app(services: Services, roles: Iterable[Role], clock: Callable[[], datetime]) -> Flask:
    """An application for a process with these `roles`; `clock` gives aware UTC instants."""
    app = Flask("web")
    held = frozenset(roles)
    app.extensions[EXTENSION] = Face(services, held, clock)
    app.config.update(
        SECRET_KEY=_form_key(services),
        # the session's own limits end a form
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=_MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=_MAX_BODY_BYTES,
    )
    app.session_interface = TableSessions()
    _set_up(app, held)
    if services.settings.server.trusted_proxies:
        count = services.settings.server.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    return app


def _set_up(app: Flask, roles: frozenset[Role]) -> None:
    metrics.set_up_metrics(app)
    languages.set_up_languages(app)
    headers.set_up_headers(app)
    faults.set_up_faults(app)
    dates.set_up_dates(app)
    assets.set_up_assets(app)
    set_up_templates(app)
    csrf = CSRFProtect()
    csrf.init_app(app)
    for blueprint, has_forms in _blueprints(roles):
        app.register_blueprint(blueprint)
        if not has_forms:
            csrf.exempt(blueprint)


def _blueprints(roles: frozenset[Role]) -> list[tuple[Blueprint, bool]]:
    """Blueprints of these roles, and whether their posts are forms of ours that carry a CSRF token."""
    chosen: list[tuple[Blueprint, bool]] = [(health, False)]
    if roles & {Role.STAFF, Role.CUSTOMER}:
        chosen.append((front, True))
    if Role.STAFF in roles:
        chosen += [(blueprint, True) for blueprint in staff_pages()]
    if Role.CUSTOMER in roles:
        chosen += [(blueprint, True) for blueprint in customer_pages()]
        chosen += [(soft_token, True), (app_api, False)]
    if Role.BANK in roles:
        chosen.append((bank_api, False))
    if Role.STATION in roles:
        chosen.append((station_api, False))
    return chosen


def _form_key(services: Services) -> bytes:
    """Key that signs form tokens: the same in every worker; roles without the tickets key have no forms."""
    key = services.settings.keys.tickets
    return secrets.token_bytes(32) if key is None else hmac.digest(key, b"kagiya form tokens", "sha256")
