"""The document's refusals on the host's side: each status by its name, and an HOTP credential in spite of them."""

from __future__ import annotations

import pytest

from devices.drivers.kagiya_fob.messages import Operation, Status, decode_code, parameters
from devices.drivers.kagiya_fob.session import Session, agree
from devices.drivers.kagiya_fob.wire import Wire
from devices.errors import RefusedByDevice
from devices.links import AnyLink
from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.doubles import RecordedBytes, RecordedReports
from tests.devices.recordings import conversation, draw
from tests.devices.vectors import hexed, vectors

OPERATIONS = (
    "commit_nothing_staged", "stage_slot_2", "stage_short_seed", "stage", "commit_not_proved", "prove",
    "commit_wrong_generation", "set_clock_beyond", "read_code_not_allowed", "commit", "read_code_first",
    "read_code_second", "read_code_slot_2", "erase_wrong_generation",
)  # fmt: skip
OPEN_ID = 0x14


def recorded(*steps: str) -> dict[bytes, bytes]:
    return conversation("refusals", steps)


def wire_to(link: AnyLink) -> Wire:
    """A wire whose next request is that of the document's OPEN SESSION."""
    wire = Wire(link, lambda: None)
    for _ in range(OPEN_ID - 1):
        wire.next_id()
    return wire


@pytest.mark.parametrize("link", [RecordedReports, RecordedBytes])
def test_every_operation_and_its_refusal_is_the_documents(link: type[RecordedReports | RecordedBytes]) -> None:
    fob = link(recorded("open", *OPERATIONS))
    wire = wire_to(fob)
    session = Session(wire, agree(wire, draw("refusals"), hexed("keys", "root_public"), 1.0))
    answers = {}
    for step in OPERATIONS:
        plain, told = hexed("refusals", f"{step}_request_plain"), hexed("refusals", f"{step}_response_plain")
        if told[0] == Status.OK:
            answers[step] = session.perform(Operation(plain[0]), plain[1:], 1.0)
            assert answers[step] == told[1:]
        else:
            with pytest.raises(RefusedByDevice) as refused:
                session.perform(Operation(plain[0]), plain[1:], 1.0)
            assert refused.value.status == Status(told[0]).name.lower(), step
    assert fob.requests == [hexed("refusals", f"{step}_request") for step in ("open", *OPERATIONS)]
    codes = [decode_code(answers[f"read_code_{place}"]) for place in ("first", "second")]
    assert codes == [vectors("hotp")["code_1000"], vectors("hotp")["code_1001"]]


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ("no_session", "no_session"),
        ("identify_with_a_body", "bad_form"),
        ("open_without_a_point", "bad_form"),
        ("short", "bad_form"),
        ("broken_seal", "session_broken"),
        ("after_the_end", "no_session"),
    ],
)
def test_a_refused_message_is_told_by_its_status(step: str, status: str) -> None:
    wire = Wire(RecordedReports(recorded(step)), lambda: None)
    with pytest.raises(RefusedByDevice) as refused:
        wire.exchange(hexed("refusals", f"{step}_request"), 1.0)
    assert refused.value.status == status


def test_what_is_staged_is_what_the_profile_calls_hotp() -> None:
    form = CredentialForm(OtpType.HOTP, Algorithm.SHA256, 6, 0, 32, counter=1000)
    assert hexed("refusals", "stage_request_plain")[1:15] == parameters(form)
