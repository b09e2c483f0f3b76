"""What a service asks of the app and of its owner: consent before anything is proved, a display name after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.rules.app_profile import AppProfile, DisplayName
from provisioning.rules.institution import Institution
from tests.fixtures.databases import sqlite_only
from tests.soft.conftest import app_for
from tests.soft.independent_client import IndependentClient
from tests.soft.serving import Served

pytestmark = sqlite_only


@pytest.fixture
def display_name() -> DisplayName:
    return DisplayName.ADDED


@pytest.fixture
def institutions(institutions: Mapping[str, Institution], display_name: DisplayName) -> Mapping[str, Institution]:
    """`dual` wants consent, `other` does not."""
    profile = AppProfile(consent=True, display_name=display_name)
    return {**institutions, "dual": replace(institutions["dual"], app=profile)}


def test_consent_is_asked_for_by_service_alone(client: IndependentClient, issued: IssuedSoft) -> None:
    def wishes(service_id: str, user_id: str) -> tuple[bool, bool]:
        begun = replace(client, service_id=service_id, user_id=user_id).begin()
        return begun["needs_consent"], begun["needs_setup_code"]

    assert wishes("10112231", issued.user_id) == (True, False)
    assert wishes("10112231", "999999999999") == (True, False)
    # a service that nobody has looks like one that asks for nothing
    assert wishes("10112249", issued.user_id) == wishes("99999999", issued.user_id) == (False, False)


@pytest.mark.parametrize("display_name", list(DisplayName))
def test_the_app_is_told_what_a_display_name_does(
    server: Served, issued: IssuedSoft, display_name: DisplayName
) -> None:
    app = app_for(server, issued)
    for _ in range(2):  # and once more, as after a cut line
        begun = app.begin()
        answer = app.post("complete", app.request(begun))
        assert answer["display_name"] == display_name
        app.receive(begun, answer)
