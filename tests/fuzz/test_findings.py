"""What fuzzing found: inputs that once let out something else than their reader promises, and what they end as."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import cbor2
import pytest

from devices.contract import ContractError, JobResult, Poll, Work, load
from devices.errors import ProfileInvalid
from devices.profile_files import load_profile as load_firmware_profile
from provisioning.errors import BadInput, PasskeyFault, SettingsInvalid
from provisioning.institutions import load_profile
from provisioning.jobs.passkey_registration import RegistrationClaim, _read
from provisioning.mail.returned import read_report
from provisioning.rules.approval import ApprovalPayload
from provisioning.services import Services
from provisioning.settings import ServerSettings
from tests.fuzz.files import ORIGIN, PROGRAM, archive_lines, audit_archive

DEEP = b"[" * 5_000
LONG_NUMBER = b"9" * 5_000


@pytest.mark.parametrize("text", [b"a = " + DEEP, b"a = " + LONG_NUMBER, b"a = " + b"{a=" * 5_000])
def test_no_profile_is_too_deep_or_too_long_for_a_word_of_its_own(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(text)
    with pytest.raises(SettingsInvalid, match="is not TOML"):
        load_profile(file)
    with pytest.raises(ProfileInvalid, match="is not TOML"):
        load_firmware_profile(file)


@pytest.mark.parametrize(
    "changed",
    [
        {"first": "a"},
        {"first": None},
        {"first": []},
        {"first": -1},
        {"checkpoint": 5},
        {"checkpoint": None},
        {"path": 5},
    ],
)
def test_an_archive_with_an_odd_header_is_unreadable(tmp_path: Path, changed: dict[str, object]) -> None:
    header, leaf = archive_lines().split(b"\n", 1)
    odd = json.dumps(json.loads(header) | changed).encode()
    for data in (odd + b"\n", odd + b"\n" + leaf, header + b"\n" + DEEP, DEEP):
        audit_archive(tmp_path)(data)


def test_a_stranger_is_told_in_one_line_that_an_odd_proof_proves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "proof"
    for proof in (b'{"form": "kagiya-audit-inclusion-1", "checkpoint": 5}', DEEP):
        file.write_bytes(proof)
        done = subprocess.run(
            [sys.executable, str(PROGRAM), ORIGIN, "00" * 32, str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("not proved: ")


@pytest.mark.parametrize("told", [10**11, 1 << 80, -1, [1, 999], "x", None])
def test_a_passkeys_data_are_bytes_and_no_number_of_them(told: object) -> None:
    def coded(data: bytes) -> str:
        return urlsafe_b64encode(data).rstrip(b"=").decode()

    made = {"clientDataJSON": coded(b"{}"), "attestationObject": coded(cbor2.dumps({"authData": told}))}
    answer = {"id": coded(b"key"), "rawId": coded(b"key"), "type": "public-key", "response": made}
    server = SimpleNamespace(settings=SimpleNamespace(server=ServerSettings(base_url="https://otp.example")))
    claim = RegistrationClaim("0" * 32, b"challenge", json.dumps(answer), "key")
    assert _read(cast(Services, server), claim) is PasskeyFault.BAD_FORM


@pytest.mark.parametrize(
    "mail",
    [
        b"Content-Type: message/rfc822\n\n" * 5_000,
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
        b'Action: failed\nStatus: 5.1.1\n\n--b\nContent-Type: text/rfc822-headers; charset="\0"\n\n\xff\n',
        b"Content-Type: message/delivery-status\n\nAction: \xff\n\n",
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\nAction: failed\xff\nStatus: 5.1.1\n",
    ],
)
def test_a_returned_mail_is_one_of_ours_or_refused(mail: bytes) -> None:
    with suppress(BadInput):
        assert read_report(mail) is None


@pytest.mark.parametrize("at", ["2026-11-20T03:00:00+00:00", "0001-01-01T00:00:00+14:00", 5, None])
def test_words_that_nobody_can_have_asked_for_are_told_as_such(at: object) -> None:
    """Who can write to the database must not bring the page down on which that shows."""
    members = dict.fromkeys(ApprovalPayload.__dataclass_fields__, "")
    told = members | {"version": 1, "job": "lift_suspension", "made_at": at, "expires_at": at}
    for words in (json.dumps(told).encode(), b"[]", b"null", b"\xff", DEEP, LONG_NUMBER):
        with pytest.raises(ValueError, match=r"."):
            ApprovalPayload.decode(words)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JobResult, b'{"problem": {"code": []}}'),
        (JobResult, b'{"problem": {"code": {}}}'),
        (Poll, b'{"devices": ' + DEEP),
        # what JSON can spell, and neither a database nor a page can hold
        (Poll, b'{"devices": [], "running": ["\\u0000"]}'),
        (Poll, b'{"devices": [{"path": "\\ud800", "transport": "hid"}], "running": []}'),
        (JobResult, b'{"problem": {"code": "busy", "facts": {"path": "\\udfff"}}}'),
        (Work, b'{"jobs": [], "unix_time": ' + LONG_NUMBER + b"}"),
    ],
)
def test_a_message_of_the_station_or_to_it_is_refused_by_its_form(kind: type[object], body: bytes) -> None:
    with pytest.raises(ContractError):
        load(kind, body)
