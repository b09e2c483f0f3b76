"""What is mutated, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Target:
    """A module, and the tests in the order in which they are asked; the quick ones first."""

    module: str
    tests: tuple[str, ...]


_STATED: Final = ("tests/core/test_stated_tables.py",)
_MATCHING: Final = (
    "tests/core/test_otp_steps.py",
    "tests/core/test_otp_matching.py",
    "tests/core/test_otp_vectors.py",
    "tests/core/test_resync.py",
)
_JUDGING: Final = (
    "tests/core/test_conditional_writes.py",
    "tests/core/test_decisions.py",
    "tests/core/test_verify.py",
    "tests/core/test_replacement.py",
)
_MOVING: Final = ("tests/core/test_overtaken.py", "tests/core/test_resync.py", "tests/core/test_decisions.py")
_PROVING: Final = (
    "tests/core/test_overtaken.py",
    "tests/core/test_decisions.py",
    "tests/fobs/test_typed_proof.py",
    "tests/pskc/test_overtaken.py",
    "tests/pskc/test_stock.py",
)
TARGETS: Final = (
    Target("provisioning.rules.otp_input", ("tests/core/test_otp_input.py",)),
    Target("provisioning.rules.timetable", ("tests/core/test_timetable.py",)),
    Target("provisioning.rules.otp", _MATCHING),
    Target("provisioning.rules.permissions", _STATED),
    Target("provisioning.rules.company", ("tests/company/test_rules.py",)),
    Target("provisioning.rules.states", _STATED),
    Target("provisioning.store.waiting", ("tests/core/test_waiting.py", "tests/core/test_timetable.py")),
    Target("provisioning.store.verification", _JUDGING),
    Target("provisioning.jobs.judge_code", (*_JUDGING, "tests/core/test_doubts.py", "tests/core/test_notices.py")),
    Target("provisioning.jobs.verify", ("tests/core/test_verify.py",)),
    Target("provisioning.jobs.check_code", _PROVING),
    Target("provisioning.jobs.resync", _MOVING),
)
