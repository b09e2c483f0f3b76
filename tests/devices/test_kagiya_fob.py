"""The fob driver against the document: whole conversations byte by byte, and everything that must be refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from devices.contract import WriteReceipt
from devices.driver import DeviceIdentity, ReadsCode, SetsClock, SlotProgram, Surroundings
from devices.driver import ProvesGenuine as ProvesGenuineProtocol
from devices.drivers import DRIVERS
from devices.drivers.kagiya_fob.driver import KagiyaFob
from devices.drivers.kagiya_fob.messages import parameters
from devices.errors import (
    BadAnswer,
    DeviceError,
    FrameDamaged,
    LinkTimeout,
    LowBattery,
    NotGenuine,
    NotProved,
    OverLimits,
    RefusedByDevice,
    WrongClock,
    WrongSerial,
)
from devices.profiles import FAMILIES, Ability, Algorithm, CredentialForm, OtpType, Version
from tests.devices.doubles import RecordedBytes, RecordedReports
from tests.devices.recordings import (
    ERASE_STEPS,
    PROFILE,
    ROOT,
    STEPS,
    conversation,
    draw,
    fob_in_program,
    program,
    recorded_program,
    surroundings,
)
from tests.devices.vectors import hexed, vectors


def test_every_family_has_its_driver_and_its_declared_abilities() -> None:
    assert set(DRIVERS) == set(FAMILIES)
    protocols = {
        Ability.READS_CODE: ReadsCode,
        Ability.SETS_CLOCK: SetsClock,
        Ability.PROVES_GENUINE: ProvesGenuineProtocol,
    }
    for name, family in FAMILIES.items():
        for ability in family.abilities - {Ability.LOCKS_WITH_CODE}:
            assert issubclass(DRIVERS[name], protocols[ability])  # type: ignore[arg-type]


def test_identify_reads_the_documents_identity() -> None:
    assert fob_in_program(recorded_program()).identify() == DeviceIdentity(
        serial="KF10000001",
        model="KF-1",
        firmware=Version(1, 2, 0),
        generation=7,
        battery_percent=87,
        clock=None,
        holds_credential=True,
    )


def written_receipt(reports: int) -> WriteReceipt:
    return WriteReceipt(
        serial="KF10000001",
        model="KF-1",
        firmware="1.2.0",
        generation_before=7,
        generation_after=8,
        battery_percent=87,
        clock_offset_s=0,
        reports=reports,
        code=vectors("program")["code"],
    )


def test_a_write_over_hid_is_the_documents_conversation() -> None:
    link = recorded_program()
    fob = fob_in_program(link)
    fob.identify()
    receipt = fob.program(program())
    fob.close()
    assert receipt == written_receipt(reports=23)
    assert link.requests == [
        hexed("identify", "request"),
        *(hexed("program", f"{step}_request") for step in STEPS),
    ]
    assert link.closed


def test_a_write_in_the_cradle_is_the_same_conversation_among_stray_bytes() -> None:
    link = RecordedBytes(recorded_program().conversation, noise=b"AT+GMM\r\n\x7f\x7d")
    fob = fob_in_program(link)
    fob.identify()
    receipt = fob.program(program())
    fob.close()
    assert receipt == written_receipt(reports=16)
    assert link.requests[1:] == [hexed("program", f"{step}_request") for step in STEPS]


def test_an_erasure_is_the_documents_conversation() -> None:
    # the document's erasure goes on counting ids after the write: the fob is asked for its name until then
    identity = hexed("erase", "status_before_response_plain")
    asked = {bytes([number, 1]): bytes([number, 0x81]) + identity for number in range(1, 11)}
    link = RecordedReports(asked | conversation("erase", ERASE_STEPS))
    fob = KagiyaFob(link, surroundings(float(vectors("erase")["unix_time"])), draw("erase"))
    for _ in asked:
        fob.identify()
    receipt = fob.erase(1)
    fob.close()
    assert (receipt.generation_before, receipt.generation_after, receipt.code) == (8, 9, "")
    assert link.requests[10:] == [hexed("erase", f"{step}_request") for step in ERASE_STEPS]


def test_progress_counts_every_report_up_to_the_last() -> None:
    told: list[tuple[int, int]] = []
    around = Surroundings(
        PROFILE,
        lambda: float(vectors("program")["unix_time"]),
        {ROOT: hexed("keys", "root_public")},
        "KF10000001",
        lambda done, total: told.append((done, total)),
    )
    fob = KagiyaFob(recorded_program(), around, draw("program"))
    fob.identify()
    fob.program(program())
    assert told == [(done, 23) for done in range(1, 24)]


def test_parameters_of_an_hotp_credential() -> None:
    form = CredentialForm(OtpType.HOTP, Algorithm.SHA256, 6, 0, 32, counter=1000)
    assert hexed("hotp", "stage_request_plain")[1:15] == parameters(form)


def test_a_fob_of_an_untrusted_maker_gets_no_seed() -> None:
    other = ec.derive_private_key(3, ec.SECP256R1()).public_key()
    for root in (b"", other.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)):
        link = recorded_program()
        with pytest.raises(NotGenuine, match="untrusted_root"):
            fob_in_program(link, root=root).program(program())
        assert hexed("program", "stage_request") not in link.requests


def test_a_station_that_trusts_nobody_opens_no_session() -> None:
    link = recorded_program()
    fob = KagiyaFob(link, Surroundings(PROFILE, lambda: 0.0, {}), draw("program"))
    with pytest.raises(NotGenuine, match="untrusted_root"):
        fob.prove_genuine()
    assert link.requests == [hexed("identify", "request")]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (3, "certificate"),  # serial number in the certificate
        (3 + 32 + 20, "certificate"),  # device key
        (3 + 97, "untrusted_root"),  # root id
        (3 + 120, "certificate"),  # the root's signature
        (3 + 177 + 20, "signature"),  # the fob's session key
        (3 + 177 + 65 + 5, "signature"),  # the device's signature
    ],
)
def test_a_changed_byte_in_the_opening_is_not_genuine(place: int, reason: str) -> None:
    response = bytearray(hexed("program", "open_response"))
    response[place] ^= 1
    link = recorded_program({hexed("program", "open_request"): bytes(response)})
    with pytest.raises(NotGenuine, match=reason):
        fob_in_program(link).program(program())
    assert hexed("program", "stage_request") not in link.requests


def test_another_fob_than_the_one_named_gets_no_seed() -> None:
    link = recorded_program()
    with pytest.raises(WrongSerial) as caught:
        fob_in_program(link, expected_serial="KF10000002").program(program())
    assert (caught.value.serial, caught.value.found) == ("KF10000002", "KF10000001")
    assert hexed("program", "stage_request") not in link.requests


@pytest.mark.parametrize("step", STEPS[1:-1])
def test_a_broken_seal_ends_the_write(step: str) -> None:
    response = bytearray(hexed("program", f"{step}_response"))
    response[-1] ^= 1
    link = recorded_program({hexed("program", f"{step}_request"): bytes(response)})
    fob = fob_in_program(link)
    with pytest.raises(BadAnswer, match="broken seal"):
        fob.program(program())
    fob.close()
    assert link.requests[-1] == hexed("program", f"{step}_request")
    assert link.closed


def test_a_credential_over_the_limits_is_refused_before_a_byte_is_sent() -> None:
    link = recorded_program()
    form = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 7, 60, 20)
    with pytest.raises(OverLimits) as caught:
        fob_in_program(link).program(SlotProgram(form, bytes(20)))
    assert (caught.value.limit, caught.value.asked, caught.value.allowed) == ("digits", "7", "6, 8")
    assert link.requests == []


def test_frame_refusal_of_the_device_is_a_damaged_frame() -> None:
    link = recorded_program({hexed("identify", "request"): bytes.fromhex("008001")})
    with pytest.raises(FrameDamaged):
        fob_in_program(link).identify()


@pytest.mark.parametrize(
    ("status", "error"),
    [("07", RefusedByDevice), ("03", RefusedByDevice), ("0300", BadAnswer), ("55", BadAnswer)],
)
def test_a_refusal_carries_the_status(status: str, error: type[DeviceError]) -> None:
    link = recorded_program({hexed("identify", "request"): bytes.fromhex(f"0181{status}")})
    with pytest.raises(error):
        fob_in_program(link).identify()


def test_an_answer_to_an_older_request_is_passed_over() -> None:
    link = recorded_program()
    request, response = hexed("identify", "request"), hexed("identify", "response")
    link.conversation[request] = b"\x09" + response[1:]
    with pytest.raises(LinkTimeout):
        fob_in_program(link).identify()


def answering(step: str, plain: bytes) -> RecordedReports:
    """The recorded fob, but `step` is answered (under a right seal) with `plain`."""
    head = hexed("program", f"{step}_response")[:7]
    key = AESGCM(hexed("program", "key_fob_to_host"))
    sealed = key.encrypt(bytes(8) + head[3:], plain, head)
    return recorded_program({hexed("program", f"{step}_request"): head + sealed})


def plain(step: str, changes: Mapping[int, bytes]) -> bytes:
    """A step's recorded answer with the bytes at some offsets replaced."""
    answer = bytearray(hexed("program", f"{step}_response_plain"))
    for place, part in changes.items():
        answer[place : place + len(part)] = part
    return bytes(answer)


@pytest.mark.parametrize(
    ("step", "answer", "facts"),
    [
        ("status_before", plain("status_before", {1 + 2: b"\x0c"}), LowBattery(12, 20)),
        ("stage", b"\x07", LowBattery(87, 10)),
        ("set_clock", b"\x08", WrongClock(None, 2)),
        ("set_clock", plain("set_clock", {1: (1795158000 + 3600).to_bytes(8)}), WrongClock(3600, 2)),
        ("status_after", plain("status_after", {1 + 4: (1795158000 - 90).to_bytes(8)}), WrongClock(-90, 2)),
        ("status_after", plain("status_after", {1 + 1: b"\x06"}), WrongClock(None, 2)),
        ("prove", plain("prove", {9: bytes(4)}), NotProved("proof")),
        ("commit", plain("commit", {1: bytes(4)}), NotProved("generation")),
        ("status_after", plain("status_after", {1 + 12: bytes(4)}), NotProved("generation")),
        ("commit", b"\x0b", RefusedByDevice("commit", "wrong_generation")),
        ("commit", b"\x0e", RefusedByDevice("commit", "flash_fault")),
        ("commit", b"\x0e\x00", BadAnswer("commit", "a body behind a refusal")),
        ("read_code", b"\x0c", RefusedByDevice("read_code", "not_allowed")),
        ("read_code", plain("read_code", {9: b"4090033x"}), BadAnswer("read_code", "no code")),
        ("status_before", plain("status_before", {1 + 40: b"KF-2"}), NotGenuine("identity")),
        (
            "status_before",
            plain("status_before", {1 + 24: b"kf"}),
            BadAnswer("status", "serial number that is none"),
        ),
        ("status_before", plain("status_before", {1: b"\x02"}), BadAnswer("status", "protocol version 2")),
        ("status_before", plain("status_before", {3: b"\x65"}), BadAnswer("status", "battery above 100 percent")),
        (
            "status_before",
            plain("status_before", {5: (1 << 40).to_bytes(8)}),
            BadAnswer("status", "clock beyond every date"),
        ),
        ("commit", b"\x00\x00\x08", BadAnswer("commit", "wrong length")),
    ],
)
def test_a_write_stops_at_an_answer_that_is_not_right(step: str, answer: bytes, facts: DeviceError) -> None:
    link = answering(step, answer)
    fob = fob_in_program(link)
    if step == "stage":
        fob.identify()
    with pytest.raises(type(facts)) as caught:
        fob.program(program())
    assert caught.value.facts() == facts.facts()
    assert caught.value.problem().code is facts.code


def test_secrets_do_not_show() -> None:
    shown = repr(program()) + repr(draw("program"))
    assert hexed("program", "seed").hex() not in shown
    assert repr(hexed("program", "seed")) not in shown
