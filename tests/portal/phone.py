"""A customer's phone beside the browser: it sets up the soft-token app by the protocol, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient

from tests.fixtures.services import ORIGIN
from tests.portal.visitor import BASE
from tests.soft.independent_client import IndependentClient, Refused


@dataclass
class Phone(IndependentClient):
    """An app that was loaded from where the tests' services say it is served; `client` carries what it sends."""

    base: str = ORIGIN
    service_id: str = ""
    user_id: str = ""
    activation_password: str = ""
    least_iterations: int = 1000
    client: FlaskClient = field(kw_only=True)

    def post(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send it."""
        answer = self.client.post(f"/api/app/v1/{what}", json=body, base_url=BASE)
        if answer.status_code != 200:
            raise Refused(answer.status_code, answer.get_json())
        found: dict[str, Any] = answer.get_json()
        return found
