"""What a corpus begins with: an input of each kind that is as it should be."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from typing import Any, Final

from devices.contract import (
    DeviceSeen,
    Enrol,
    Enrolled,
    JobKind,
    JobResult,
    Poll,
    Problem,
    ProgramJob,
    Progress,
    Work,
    WriteReceipt,
    dump,
)
from devices.contract import FailureCode as Failure
from devices.framing import to_frame, to_reports
from devices.profile_files import SHIPPED as FIRMWARE
from provisioning.institutions import SHIPPED as INSTITUTIONS
from provisioning.pskc.ciphers import Passphrase
from provisioning.pskc.writer import write_pskc
from provisioning.rules.approval import ApprovalPayload, AskedJob
from provisioning.rules.key_share import KeyShare
from provisioning.verifier import messages
from provisioning.verifier.messages import (
    AccessCodeAnswer,
    AccessCodeRequest,
    Adoption,
    AdoptRequest,
    Judgement,
    JudgeRequest,
    ReadyAnswer,
    ReadyRequest,
)
from tests.fixtures.soft_authenticator import SoftAuthenticator
from tests.fuzz.files import archive_lines
from tests.fuzz.peers import CHALLENGE, SIGNED_AT
from tests.fuzz.server import example
from tests.pskc.conftest import HOTP, key
from tests.pskc.figures import FIGURE_6, FIGURE_7
from tests.soft.test_returned_mails import report
from web.api.bank.operations import OPERATIONS

Seeds = Callable[[], list[bytes]]
_SEEN: Final = DeviceSeen("desk/1", "hid", "kagiya-fob-hid", "KF1", "Kagiya Fob", "1.0.0", 90, -4, 0)
_TROUBLED: Final = DeviceSeen("desk/2", "usb", problem=Problem(Failure.BUSY, {"path": "desk/2"}))
_RECEIPT: Final = WriteReceipt("KF1", "Kagiya Fob", "1.0.0", 0, 1, 89, -1, 40, "12345678", None)
_JOB: Final = ProgramJob("JOB", JobKind.PROGRAM, "kagiya-fob-hid", "KF1", sealed_seed="AAAA")
_BEGIN: Final = {"service_id": "10112235", "user_id": "123456780001"}
_JWK: Final = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}
_COMPLETE: Final = _BEGIN | {
    "nonce": "NONCE", "app_nonce": "A" * 22, "origin": "https://otp.example", "app_key": _JWK, "mac": "A" * 43,
}  # fmt: skip
_NOTE: Final = "fuzz.example/audit\n1\nAAAA\n2026-11-20T03:00:00+00:00\n\n— k AAAA\n"
_MESSAGES: Final = (
    Poll((_SEEN, _TROUBLED), ("JOB",)),
    Progress(20, 40),
    JobResult(receipt=_RECEIPT),
    Enrol("code", "00" * 32, "11" * 32),
    Work((_JOB,), 1_795_200_007),
    Enrolled("station", "窓口1", "ab" * 32),
)


def _devices() -> list[bytes]:
    """Every act on every build, and one altered answer early or late."""
    acts = (0, 1, 3, 5, 9, 17)
    return [bytes([act, build]) for act, build in product(acts, range(8))] + [
        bytes([1, build, at, kind, 3, 0x90, 0x00, 0x41])
        for build, at, kind in product(range(2), (0, 3, 9), range(6))
    ]


def _station() -> list[bytes]:
    failed = JobResult(problem=Problem(Failure.TIMEOUT, {"path": "desk"}))
    told = [dump(one) for one in (_MESSAGES[0], _MESSAGES[1], failed, _MESSAGES[3])]
    return [bytes([number]) + body for number, body in enumerate(told)]


def _messages() -> list[bytes]:
    signed = (f'Kagiya-Station id="a", time="1795200007", nonce="{"0" * 32}", signature="{"0" * 128}"').encode()
    told = [bytes([number]) + dump(message) for number, message in enumerate(_MESSAGES)]
    return [*told, bytes([len(_MESSAGES)]) + signed]


def _bank() -> list[bytes]:
    calls = [json.dumps(example(number)).encode() for number in range(len(OPERATIONS))]
    return [bytes([number, how]) + call for number, call in enumerate(calls) for how in (number % 5, 128)]


def _pskc() -> list[bytes]:
    ours = [write_pskc([key("A1"), key("A2", HOTP, next_counter=7)], Passphrase("qwerty"), 1_000)]
    policy = "<Policy><StartDate>2024-01-01T00:00:00Z</StartDate><KeyUsage>OTP</KeyUsage></Policy>"
    return [*ours, FIGURE_6.file(), FIGURE_7.file(), FIGURE_6.but(policy=policy, device="<Model>T</Model>")]


def _passkeys() -> list[bytes]:
    """One that was made, and what it signed; the keys are others each time."""
    challenge = urlsafe_b64encode(CHALLENGE).rstrip(b"=").decode()
    key = SoftAuthenticator()
    made = key.make(json.dumps({
        "challenge": challenge, "rp": {"id": "otp.example", "name": "kagiya"},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "user": {"id": "AAAA", "name": "a", "displayName": "a"},
        "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
    }))  # fmt: skip
    signed = key.sign(json.dumps({"challenge": challenge, "rpId": "otp.example", "userVerification": "required"}))
    return [b"\0" + made.encode(), b"\xff" + signed.encode()]


def _questions() -> list[bytes]:
    told = (
        JudgeRequest("verify", "0" * 32, 1, "12345678"),
        Judgement("fresh", 1, 1, 0),
        AdoptRequest("0" * 32, "0" * 32, 1, "12345678"),
        Adoption("fresh", 1, 1, 0, "AAAA", "AAAA", "kek-1"),
        ReadyRequest("AAAA", "AAAA", "kek-1"),
        ReadyAnswer("00" * 32),
        AccessCodeRequest("yubikey-5", "12345678"),
        AccessCodeAnswer("00" * 32),
    )
    return [bytes([number]) + messages.dump(message) for number, message in enumerate(told)]


def _tokens() -> list[bytes]:
    seconds = int(SIGNED_AT.timestamp())
    return [
        f"Kagiya-Role {parts}".encode() for parts in (f"CERT.{seconds}.SIGN", f"CERT.{seconds}.AAAA", "AAAA.0.")
    ]


def _approvals() -> list[bytes]:
    at, facts = SIGNED_AT, {"name": "見本 花子", "failures": 5, "suspended_at": ""}
    arguments = {"credential_id": "0" * 32, "customer_ids": ["1", "2"], "at_once": 4, "station_id": None}
    asked = ApprovalPayload(
        "0" * 32, "dual", "本店", AskedJob.LIFT_SUSPENSION, arguments, facts, "1" * 32, "192.0.2.7", at, at
    )
    return [one.encode() for one in (asked, replace(asked, branch=None, job=AskedJob.OPEN_BATCH))]


def _shares() -> list[bytes]:
    share = KeyShare("kek-1", "保管 一郎", "3F2A", 1, 3, 2, bytes(range(33)))
    return [share.text.encode(), replace(share, value=b"").text.lower().encode()]


def _archive() -> list[bytes]:
    proof = {"form": "kagiya-audit-inclusion-1", "leaf": "{}", "leaf_index": 0, "path": [], "checkpoint": "NOTE"}
    pair = {"form": "kagiya-audit-consistency-1", "older": "NOTE", "newer": "NOTE", "path": []}
    return [archive_lines(), *(json.dumps(one).encode() for one in (proof, pair))]


def _json(*values: Any) -> list[bytes]:
    return [bytes([255 * (number % 2)]) + json.dumps(value).encode() for number, value in enumerate(values)]


SEEDS: Final[Mapping[str, Seeds]] = {
    "reports": lambda: [b"".join(to_reports(bytes(range(1, size)))) for size in (4, 58, 59, 200)],
    "frames": lambda: [bytes([size]) + to_frame(bytes(range(0x70, 0x80)) * 2) for size in (0, 9, 255)],
    "card_messages": lambda: [
        bytes.fromhex("80040000000001000000 71019000"),
        bytes.fromhex(
            "3621100100070300000000a00f000000a00f0000000000ac5a020000feff00000000000000000000feffff000000"
        ),
        bytes.fromhex("7103050403 9000"),
    ],
    **dict.fromkeys(
        ("kagiya_fob", "molto2", "ykoath", "yubikey_otp", "nitrokey_pro", "onlykey", "flipper_totp"), _devices
    ),
    "pskc": _pskc,
    "firmware_profile": lambda: [file.read_bytes() for file in sorted(FIRMWARE.glob("*.toml"))[:6]],
    "institution": lambda: [file.read_bytes() for file in sorted(INSTITUTIONS.glob("*.toml"))],
    "returned_mail": lambda: [report(), report(action="delayed"), b"Subject: hello\n\nworld\n"],
    "station_message": _messages,
    "checkpoint": lambda: [_NOTE.encode()],
    "audit_archive": _archive,
    "passkey": _passkeys,
    "verifier_message": _questions,
    "role_token": _tokens,
    "approval_payload": _approvals,
    "key_share": _shares,
    "app_api": lambda: _json(_BEGIN, _COMPLETE),
    "station_api": _station,
    "bank_api": _bank,
}
"""By the name of the target."""
