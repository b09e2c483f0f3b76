"""The verifier and those who ask it, in one process, with nothing in common but the database and the wire."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from provisioning.rules.roles import Role
from provisioning.services import Services
from provisioning.verifier.certificates import Pair, certify_roles, make_authority
from provisioning.verifier.http import HttpVerifier
from provisioning.verifier.role_tokens import RoleAuthority, RoleTokens
from web.app import create_app


@dataclass
class Apart:
    """The verifier as the application that answers, and how any role reaches it."""

    services: Services
    authority: Pair
    revoked: Path
    now: datetime
    transport: httpx.BaseTransport

    @property
    def believes(self) -> RoleAuthority:
        """Whom a verifier believes."""
        return RoleAuthority(self.authority.certificate, self.revoked)

    @property
    def http(self) -> httpx.Client:
        """A bare way to the verifier, past TLS."""
        return httpx.Client(transport=self.transport, base_url="https://verifier.example")

    def pair(self, *roles: Role, life: timedelta = timedelta(days=30)) -> Pair:
        """A certificate for these roles."""
        return certify_roles(self.authority, "-".join(roles), roles, self.now, life)

    def header(self, pair: Pair, at: datetime | None = None) -> dict[str, str]:
        """What its owner sends along at that time."""
        return {"Authorization": RoleTokens(pair).header(at or self.now)}

    def asking(self, role: Role) -> Services:
        """The services of a process with one role that is not the verifier."""
        verifier = HttpVerifier(self.http, RoleTokens(self.pair(role)))
        return replace(self.services, opener=None, verifier=verifier, roles_authority=None)


@pytest.fixture
def apart(services: Services, now: datetime, tmp_path: Path) -> Apart:
    """The verifier's application with a clock that stands where `Apart.now` does."""
    authority = make_authority(now)
    revoked = tmp_path / "revoked"
    revoked.touch()
    made = Apart(services, authority, revoked, now, httpx.WSGITransport(lambda *_: []))
    own = replace(services, roles_authority=made.believes, addresses=None, tickets=None)
    made.transport = httpx.WSGITransport(create_app(own, {Role.VERIFIER}, lambda: made.now))
    return made
