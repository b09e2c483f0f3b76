"""What the request at hand may use: services, the time, where the request came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import current_app, g, request

from provisioning.rules.roles import Role
from provisioning.services import Services

EXTENSION: Final = "kagiya"


@dataclass(frozen=True)
class Face:
    """What `create_app` was given."""

    services: Services
    roles: frozenset[Role]
    clock: Callable[[], datetime]


def face() -> Face:
    """What this application was made from."""
    made_from: Face = current_app.extensions[EXTENSION]
    return made_from


def services() -> Services:
    """The objects behind the jobs."""
    return face().services


def now() -> datetime:
    """The time of this request (aware, UTC); the same however often it is asked for."""
    if "now" not in g:
        g.now = face().clock()
    instant: datetime = g.now
    return instant


def origin() -> str:
    """Address the request came from, for the audit row."""
    return request.remote_addr or ""
