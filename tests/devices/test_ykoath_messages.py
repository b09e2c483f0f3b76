"""The YKOATH driver's commands and answers, byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.ykoath.messages import (
    decode_configuration,
    decode_list,
    decode_select,
    decode_truncated,
    name_of,
)
from devices.errors import BadAnswer
from devices.profiles import Algorithm, CredentialForm, OtpType, Version

FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)
HOTP_FORM = CredentialForm(OtpType.HOTP, Algorithm.SHA1, 6, 0, 20, counter=7)
SERIAL = bytes.fromhex("00BC614E")


def test_names_tell_period_and_issuer_as_companion_programs_read_them() -> None:
    assert name_of(replace(FORM, period_s=30, slot=3), "ACME") == "ACME:kagiya-3"
    assert name_of(HOTP_FORM, "") == "kagiya-1"
    assert name_of(FORM, "A/B: bank") == "60/A B  bank:kagiya-1"


def test_only_our_credentials_are_ours() -> None:
    names = [b"60/ACME:kagiya-1", b"kagiya-12", b"ACME:alice", b"60/ACME:kagiya-1x", b"\xff\xfe"]
    listed = decode_list(b"".join(bytes([0x72, len(name) + 1, 0x21]) + name for name in names))
    assert [(one.slot, one.period_s) for one in listed] == [(1, 60), (12, 30)]


def test_answers_as_the_keys_give_them() -> None:
    told = decode_select(bytes.fromhex("7903050403" + "7108" + "00" * 8 + "7408" + "11" * 8 + "7B0101"))
    assert (told.version, told.locked, told.serial) == (Version(5, 4, 3), True, b"")
    assert decode_select(bytes.fromhex("7903040E00" + "8F0400BC614E")).serial == SERIAL
    assert decode_configuration(bytes.fromhex("09" + "01013A" + "020400BC614E")) == SERIAL
    # RFC 4226, appendix D: counter 0 gives 4C93CF18
    assert decode_truncated(bytes.fromhex("7605" + "06" + "4C93CF18")).code == "755224"
    assert "755224" not in repr(decode_truncated(bytes.fromhex("7605" + "06" + "4C93CF18")))


@given(st.binary(max_size=60))
def test_answers_that_are_none_are_refused(data: bytes) -> None:
    for decode in (decode_select, decode_configuration, decode_list, decode_truncated):
        with suppress(BadAnswer):
            cast(Callable[[bytes], object], decode)(data)
