"""The product's own web application behind a real HTTP server on a free port of localhost."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Flask

from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.settings import AppSettings, ServerSettings
from tests.fixtures.people import NOON
from tests.fixtures.web_server import web_server
from web.app import create_app


class MovableClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        """Move on, in words of timedelta."""
        self.now += timedelta(**by)


@dataclass(frozen=True)
class Served:
    """A running server and what is behind it."""

    origin: str
    services: Services
    clock: Callable[[], datetime]
    app: Flask

    def url(self, path: str) -> str:
        """Address of a path."""
        return f"{self.origin}{path}"


@contextlib.contextmanager
def served(services: Services, clock: Callable[[], datetime], iterations: int = 1000) -> Iterator[Served]:
    """Serve every role; the app's origin is where it is served, and `iterations` what is asked of it."""
    chosen: list[Flask] = []

    def whole(environ: Any, start_response: Any) -> Iterable[bytes]:
        return chosen[0](environ, start_response)

    with web_server(whole, "localhost") as port:
        origin = f"http://localhost:{port}"
        settings = replace(
            services.settings,
            server=ServerSettings(base_url=origin),
            app=AppSettings(pbkdf2_iterations=iterations, origin=origin),
        )
        behind = replace(services, settings=settings)
        chosen.append(create_app(behind, ALL_ROLES, clock))
        yield Served(origin, behind, clock, chosen[0])
