"""Whatever somebody sends to the verifier, its readers say no in their own words."""

from __future__ import annotations

import base64
import contextlib
import json
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.errors import NotAuthentic
from provisioning.rules.roles import Role
from provisioning.verifier import messages
from provisioning.verifier.certificates import certify_roles, make_authority
from provisioning.verifier.messages import MessageInvalid
from provisioning.verifier.role_tokens import RoleAuthority
from tests.fixtures.people import NOON

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
AUTHORITY = make_authority(NOON)
DER = certify_roles(AUTHORITY, "bank", {Role.BANK}, NOON).certificate.public_bytes(Encoding.DER)


@pytest.fixture
def believes(tmp_path: Path) -> RoleAuthority:
    (tmp_path / "revoked").touch()
    return RoleAuthority(AUTHORITY.certificate, tmp_path / "revoked")


def believed(authority: RoleAuthority, header: str, now: datetime = NOON) -> bool:
    with contextlib.suppress(NotAuthentic):
        authority.caller(header, now)
        return True
    return False


def spoilt(der: bytes, at: int, byte: int) -> bytes:
    changed = bytearray(der)
    changed[at % len(der)] ^= byte
    return bytes(changed)


# a byte of the serial number may make it negative: the library says that it will refuse such a one some day
@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
@QUICK
@given(at=st.integers(0, len(DER)), byte=st.integers(0, 255), signature=st.binary(max_size=80))
def test_no_changed_certificate_and_no_guessed_signature_is_believed(
    believes: RoleAuthority, at: int, byte: int, signature: bytes
) -> None:
    parts = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (spoilt(DER, at, byte), signature)]
    assert not believed(believes, f"Kagiya-Role {parts[0]}.{int(NOON.timestamp())}.{parts[1]}")


@QUICK
@given(header=st.text() | st.text().map(lambda text: f"Kagiya-Role {text}"))
def test_no_other_header_is_believed(believes: RoleAuthority, header: str) -> None:
    assert not believed(believes, header)


NAMES = ("operation", "credential_id", "seed_version", "codes", "fob_id", "profile", "serial")
VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())


@QUICK
@given(
    data=st.binary() | st.dictionaries(st.sampled_from(NAMES), VALUES).map(lambda body: json.dumps(body).encode())
)
def test_no_message_of_another_form_is_read(data: bytes) -> None:
    with contextlib.suppress(MessageInvalid):
        device = messages.read_device(messages.load(messages.AccessCodeRequest, data))
        assert all(0 < len(name) <= 64 and name.isprintable() for name in device)
    for kind in (messages.JudgeRequest, messages.AdoptRequest, messages.ReadyRequest):
        with contextlib.suppress(MessageInvalid):
            read = messages.load(kind, data)
            assert isinstance(read, messages.JudgeRequest)
            assert type(read.seed_version) is int
            assert read.codes.isprintable()
