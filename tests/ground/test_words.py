"""Every error has words for the operator, and a fault of the program never shows its own text."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from devices.errors import DeviceError
from provisioning.cli.words import sentence
from provisioning.errors import (
    AuditBroken,
    AuditFault,
    HsmAway,
    HsmFault,
    InputFault,
    KagiyaError,
    StoreFault,
    StoreUnavailable,
)
from provisioning.pskc_refusals import PskcFault, PskcRefusal


def leaves(root: type[Exception]) -> list[type[Exception]]:
    children = root.__subclasses__()
    return [leaf for child in children for leaf in leaves(child)] if children else [root]


@pytest.mark.parametrize("kind", leaves(KagiyaError) + leaves(DeviceError), ids=lambda kind: kind.__name__)
def test_every_error_is_one_line(kind: type[Exception]) -> None:
    faults = {AuditBroken: AuditFault.ENTRY_CHANGED, HsmAway: HsmFault.PIN, StoreUnavailable: StoreFault.LOCKED}
    facts = {
        "until": datetime(2026, 11, 21, tzinfo=UTC),
        "cause": "locked",
        "fault": next((faults[base] for base in kind.__mro__ if base in faults), InputFault.MISSING),
        "permanent": True,
        "count": 2,
        "refusals": (PskcRefusal(PskcFault.REPEATED_ELEMENT, number=2, serial="KF-000001"),),
    }
    values = {item.name: facts.get(item.name, "thing") for item in _facts(kind)}
    words = sentence(kind(**values))
    assert words
    assert "\n" not in words


def _facts(kind: type[Exception]) -> tuple[dataclasses.Field[object], ...]:
    return dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()


@pytest.mark.parametrize("fault", list(InputFault))
def test_every_fault_of_a_field_has_words(fault: InputFault) -> None:
    from provisioning.errors import BadInput

    assert sentence(BadInput("user_id", fault)).startswith("user_id ")


@pytest.mark.parametrize("fault", list(HsmFault))
def test_every_fault_of_a_token_has_words(fault: HsmFault) -> None:
    assert sentence(HsmAway(fault))


@pytest.mark.parametrize("fault", list(AuditFault))
def test_every_finding_in_the_audit_log_has_words(fault: AuditFault) -> None:
    assert "one of the entries 7 to 9 " in sentence(AuditBroken(fault, 7, 9, "note"))


@pytest.mark.parametrize("fault", list(StoreFault))
def test_every_trouble_with_the_database_says_what_now(fault: StoreFault) -> None:
    assert "database" in sentence(StoreUnavailable(fault)) or "disk" in sentence(StoreUnavailable(fault))


def test_a_fault_of_the_program_is_told_by_its_place() -> None:
    try:
        int("canary-94287082")
    except ValueError as error:
        words = sentence(error)
    assert "94287082" not in words
    assert "ValueError at ground/test_words.py:" in words
