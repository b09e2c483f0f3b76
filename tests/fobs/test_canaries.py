"""A fob's seed and codes through its whole life: the database holds none of them, nor do logs (R10, R27)."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from devices.contract import JobResult
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, prove_typed_code
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.reserve_fob import ReservedFob
from provisioning.jobs.resync import ResyncCommand, resync
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.verdict import Outcome
from tests.fixtures.canaries import everything_stored, leaked
from tests.fobs.case import Case


@pytest.mark.parametrize("read_back", [True, False])
def test_no_secret_of_a_fob_is_stored(
    case: Case, reserved: ReservedFob, read_back: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    services, user_id = case.services, case.customer.user_id
    plain = case.desk.plug(case.fob)
    seen = [everything_stored(services)]
    (job,) = case.desk.poll()
    seen.append(everything_stored(services))
    written = case.desk.write(job)
    assert written.receipt is not None
    codes = [plain.code(case.now)]
    result = written if read_back else JobResult(receipt=replace(written.receipt, code=""))
    case.desk.report(job.job_id, result)
    if not read_back:
        wrong = f"{(int(codes[0]) + 1) % 10**8:08d}"
        for code in (wrong, codes[0]):
            prove_typed_code(services, ProveTypedCodeCommand("dual", job.job_id, code, case.teller), case.now)
        codes.append(wrong)
    hand_over(services, case.of_fob(), case.now)
    activate(services, ActivateCommand("dual", user_id, codes[0], SYSTEM), case.now)
    seen.append(everything_stored(services))
    later = [case.now + step * timedelta(minutes=1) for step in range(1, 5)]
    codes += [plain.code(at) for at in later]
    assert (
        verify(services, VerifyCommand("dual", user_id, codes[-4], SYSTEM), later[0]).outcome is Outcome.ACCEPTED
    )
    pair = ResyncCommand("dual", reserved.credential_id, codes[-3], codes[-2], SYSTEM)
    assert resync(services, pair, later[1]).outcome is Outcome.ACCEPTED
    last = ReleaseCommand("dual", user_id, codes[-1], None, SYSTEM)
    assert release(services, last, later[3]).outcome is Outcome.ACCEPTED
    seen.append(everything_stored(services))
    seen += [record.getMessage().encode() + repr(record.__dict__).encode() for record in caplog.records]

    assert plain.seed is not None
    everything = b"\n".join(seen)
    assert plain.serial.encode() in everything  # the search does find what is there
    assert leaked((plain.seed, *(code.encode() for code in codes)), everything) == []
