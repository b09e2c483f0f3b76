"""Schemathesis over the whole specification of the bank API, with seeds planted as canaries (R52).

Every operation is called as its description allows and as it forbids. Whatever comes back is as described, is no
fault of ours, and holds no seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

import pytest
import schemathesis
from flask import Flask
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.engine.recorder import ScenarioRecorder

from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from tests.api.planted import NARROWED, WITH_EVERYTHING, WITHOUT, People, plant
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from web.api.bank.fields import PREFIX
from web.api.bank.operations import OPERATIONS
from web.app import create_app

SETTINGS: Final[dict[str, Any]] = {
    "seed": 1,
    "generation": {"max-examples": 10, "deterministic": True, "database": "none", "no-shrink": True},
    "checks": {
        # what a member means decides, too: a password that is too simple, a code of another length
        "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]},
        # asks in a way in which an application in process cannot be asked; test_scopes.py does it
        "ignored_auth": {"enabled": False},
    },
    "phases": {"stateful": {"enabled": False}},
}


@dataclass
class Found:
    """What a run has shown."""

    faults: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    answers: list[bytes] = field(default_factory=list)

    def take(self, recorder: ScenarioRecorder) -> None:
        """Look at one operation's calls."""
        for checks in recorder.checks.values():
            failed = [check.failure_info for check in checks if check.failure_info is not None]
            self.faults += [f"{recorder.label}: {one.failure} {one.code_sample}" for one in failed]
        for call in recorder.interactions.values():
            assert call.response is not None
            self.answers.append(call.response.content or b"")
            if call.response.status_code < 300:
                self.done.add(recorder.label)


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """One that has everything that an institution can have."""
    return {DUAL.id: WITH_EVERYTHING}


@pytest.fixture
def app(services: Services, now: datetime) -> Flask:
    """Every request is a second after the one before."""
    passed = count()
    return create_app(services, ALL_ROLES, lambda: now + timedelta(seconds=next(passed)))


@sqlite_only
# of a body as large as the largest that is tried
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_everything_answers_as_it_is_described_and_with_no_seed(
    services: Services, now: datetime, app: Flask
) -> None:
    people = plant(services, now)
    key = add_bank_client(services, AddBankClientCommand("dual", "host", SYSTEM), now).key
    config = SchemathesisConfig.from_dict({**SETTINGS, "headers": {"Authorization": f"Bearer {key}"}})
    schema = schemathesis.openapi.from_dict(about(app, people), config=config)
    schema.app = app
    found = Found()
    for event in engine.from_schema(schema).execute():
        assert not isinstance(event, FatalError), event.exception
        if isinstance(event, NonFatalError):
            found.faults.append(f"{event.label}: {event.value!r}")
        if isinstance(event, ScenarioFinished):
            found.take(event.recorder)
    assert found.faults == []
    assert [shape for shape in people.shapes() if any(shape in answer for answer in found.answers)] == []
    assert found.done == {f"{operation.method} {PREFIX}{operation.path}" for operation in OPERATIONS.values()}


def about(app: Flask, people: People) -> dict[str, Any]:
    """The specification with IDs of ours, because calls about nobody would all end at 404, and with examples that
    succeed.
    """
    specification: dict[str, Any] = app.test_client().get(f"{PREFIX}/openapi.json").get_json()
    for path in specification["paths"].values():
        for operation in path.values():
            example = people.examples.get(operation["operationId"], {})
            for one in operation["parameters"]:
                if one["name"] in NARROWED:
                    one["schema"]["enum"] = NARROWED[one["name"]]
                    one["example"] = example.get(one["name"], NARROWED[one["name"]][0])
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                for name in NARROWED.keys() & content["schema"]["properties"].keys():
                    content["schema"]["properties"][name]["enum"] = NARROWED[name]
                for told in content["examples"].values():
                    told["value"] |= {"user_id": WITHOUT, **example}
    return specification
