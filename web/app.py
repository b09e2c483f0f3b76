"""The web application: which blueprints a process serves is decided by its roles.

Whoever adds a blueprint adds one line to `PARTS`. A process imports only the parts of its roles.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, UnicodeConverter, ValidationError

from provisioning.rules.roles import SHOWS_PAGES, Role
from provisioning.services import Services
from web import even_time, faults, headers, metrics
from web.current import EXTENSION, Face

_MAX_BODY_BYTES: Final = 64 * 1024
_PAGE_SETUP: Final = "web.page_setup"


@dataclass(frozen=True, slots=True)
class Part:
    """A blueprint, or a function that lists some: `name` in `module`, served by any of `roles`."""

    roles: frozenset[Role]
    module: str
    name: str
    has_forms: bool
    alone: bool = False
    """Only in a process that has no role beside these."""

    def is_served(self, held: frozenset[Role]) -> bool:
        """Whether a process with the roles `held` serves it."""
        return held == self.roles if self.alone else bool(held & self.roles)


PARTS: Final = (
    Part(frozenset(Role), "web.health", "health", has_forms=False),
    Part(frozenset({Role.STAFF, Role.CUSTOMER}), "web.front", "front", has_forms=True),
    Part(frozenset({Role.STAFF}), "web.pages.staff", "staff_pages", has_forms=True),
    Part(frozenset({Role.STAFF}), "web.pages.audit", "audit_pages", has_forms=True),
    Part(frozenset({Role.CUSTOMER}), "web.pages.customer", "customer_pages", has_forms=True),
    Part(frozenset({Role.CUSTOMER}), "web.pages.company", "company_pages", has_forms=True),
    Part(frozenset({Role.CUSTOMER}), "web.soft_token", "soft_token", has_forms=True),
    Part(frozenset({Role.CUSTOMER}), "web.api.app", "app_api", has_forms=False),
    Part(frozenset({Role.BANK}), "web.api.bank.blueprint", "bank_api", has_forms=False),
    Part(frozenset({Role.STATION}), "web.api.station", "station_api", has_forms=False),
    Part(frozenset({Role.VERIFIER}), "web.api.verifier", "verifier_api", has_forms=False, alone=True),
)


class PrintablePart(UnicodeConverter):
    """A part of an address that names something; one with control characters leads nowhere (404)."""

    def to_python(self, value: str) -> str:
        """The part as it is. Raises ValidationError."""
        if not value.isprintable():
            raise ValidationError
        return value


class NumberPart(IntegerConverter):
    """A number in an address; one that no database counts to leads nowhere (404)."""

    regex = "[0-9]{1,18}"


def create_app(services: Services, roles: Iterable[Role], clock: Callable[[], datetime]) -> Flask:
    """An application for a process with these `roles`; `clock` gives aware UTC instants."""
    app = Flask("web")
    app.url_map.converters |= {"default": PrintablePart, "int": NumberPart}
    held = frozenset(roles)
    app.extensions[EXTENSION] = Face(services, held, clock)
    app.config.update(MAX_CONTENT_LENGTH=_MAX_BODY_BYTES, MAX_FORM_MEMORY_SIZE=_MAX_BODY_BYTES)
    _set_up(app, held, services.settings.keys.tickets)
    if services.settings.server.trusted_proxies:
        count = services.settings.server.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    return app


def _set_up(app: Flask, roles: frozenset[Role], tickets_key: bytes | None) -> None:
    metrics.set_up_metrics(app)
    even_time.set_up_even_time(app)
    headers.set_up_headers(app)
    faults.set_up_faults(app)
    pages = importlib.import_module(_PAGE_SETUP) if roles & SHOWS_PAGES else None
    exempt = pages.set_up_pages(app, tickets_key) if pages else None
    for blueprint, has_forms in _blueprints(roles):
        app.register_blueprint(blueprint)
        if exempt and not has_forms:
            exempt(blueprint)


def import_parts(roles: Iterable[Role]) -> None:
    """Import what processes with these roles will serve; before a fork, so that they share it."""
    held = frozenset(roles)
    if held & SHOWS_PAGES:
        importlib.import_module(_PAGE_SETUP)
    for part in PARTS:
        if part.is_served(held):
            importlib.import_module(part.module)


def _blueprints(roles: frozenset[Role]) -> Iterator[tuple[Blueprint, bool]]:
    """Blueprints of these roles, and whether their posts are forms of ours that carry a CSRF token."""
    for part in PARTS:
        if part.is_served(roles):
            found = getattr(importlib.import_module(part.module), part.name)
            for blueprint in [found] if isinstance(found, Blueprint) else found():
                yield blueprint, part.has_forms
