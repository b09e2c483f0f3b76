"""Files made to do harm end in a refusal, soon; and whatever is written is read back."""

from __future__ import annotations

import io
import re
import time
from datetime import UTC, datetime

import pskc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.pskc.ciphers import Passphrase, SharedKey
from provisioning.pskc.keys import PskcKey
from provisioning.pskc.markup import MAX_BYTES, MAX_CHARACTERS, MAX_DEPTH
from provisioning.pskc.reader import read_pskc
from provisioning.pskc.writer import write_pskc
from provisioning.pskc_refusals import PskcFault, PskcRefused
from provisioning.rules.parameters import Algorithm, OtpParameters, OtpType
from tests.pskc.figures import FIGURE_6, PSKC, SECRET, SHARED_KEY

GIVEN = SharedKey(SHARED_KEY)
PASSPHRASE = Passphrase("correct horse battery staple")
QUICK = 1_000
FILE = FIGURE_6.file()
BOMB = "<!DOCTYPE KeyContainer [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;'>]>"
OUTSIDE = "<!DOCTYPE KeyContainer [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
PARAMETER = "<!DOCTYPE KeyContainer [<!ENTITY % a SYSTEM 'http://127.0.0.1:9/'>%a;]>"

_ALGORITHMS = st.sampled_from(Algorithm)
_PARAMETERS = st.one_of(
    st.builds(
        OtpParameters, st.just(OtpType.TOTP), _ALGORITHMS, st.sampled_from((6, 8)), st.sampled_from((30, 60))
    ),
    st.builds(OtpParameters, st.just(OtpType.HOTP), _ALGORITHMS, st.sampled_from((6, 8)), st.just(0)),
)
_NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=40)
_INSTANTS = st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def keys(draw: st.DrawFn) -> PskcKey:
    """One key of any kind that we take."""
    otp = draw(_PARAMETERS)
    counts = otp.otp_type is OtpType.HOTP
    return PskcKey(
        number=1,
        manufacturer=draw(_NAMES),
        serial=draw(st.from_regex(r"[0-9A-Z][0-9A-Z-]{0,31}", fullmatch=True)),
        model=draw(st.just("") | _NAMES),
        otp=otp,
        seed=draw(st.binary(min_size=otp.seed_bytes, max_size=64)),
        next_counter=draw(st.integers(0, 10**18 - 1)) if counts else 0,
        drift_steps=0 if counts else draw(st.integers(-100, 100)),
        starts_at=draw(_INSTANTS),
        expires_at=draw(_INSTANTS),
    )


def fault_of(file: bytes) -> PskcFault:
    """Why the file is refused as a whole, soon enough."""
    begun = time.perf_counter()
    with pytest.raises(PskcRefused) as refused:
        read_pskc(file, GIVEN)
    assert time.perf_counter() - begun < 5
    return refused.value.refusals[0].fault


def is_refused(file: bytes) -> bool:
    """Whether something in it is in the way of importing it."""
    try:
        return bool(read_pskc(file, GIVEN).refusals)
    except PskcRefused:
        return True


@given(keys())
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read_back_by_us_and_by_others(key: PskcKey) -> None:
    file = write_pskc([key], PASSPHRASE, QUICK)
    assert read_pskc(file, PASSPHRASE).keys == (key,)
    assert key.seed not in file
    other = pskc.PSKC(io.BytesIO(file))
    other.encryption.derive_key(PASSPHRASE.text)
    (same,) = other.keys
    assert (same.secret, same.serial, same.manufacturer) == (key.seed, key.serial, key.manufacturer)
    assert (same.response_length, same.counter or 0) == (key.otp.digits, key.next_counter)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_any_changed_byte_is_refused_or_leaves_the_seed_as_it_was(place: int, change: int) -> None:
    changed = FILE[:place] + bytes([FILE[place] ^ change]) + FILE[place + 1 :]
    try:
        file = read_pskc(changed, GIVEN)
    except PskcRefused:
        return
    assert file.refusals or [key.seed for key in file.keys] == [SECRET]


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_changed_letter_of_what_is_sealed_is_refused(data: st.DataObject) -> None:
    places = [
        place
        for found in re.finditer(rb"(?:CipherValue|ValueMAC)>\s*([A-Za-z0-9+/=]+)\s*</", FILE)
        for place in range(*found.span(1))
    ]
    place = data.draw(st.sampled_from(places))
    letter = data.draw(st.sampled_from(b"ABCXYZabcxyz0189+/=").filter(lambda letter: letter != FILE[place]))
    changed = FILE[:place] + bytes([letter]) + FILE[place + 1 :]
    assert is_refused(changed)


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@settings(max_examples=60, deadline=None)
def test_anything_that_is_no_such_file_is_refused(rubbish: bytes) -> None:
    with pytest.raises(PskcRefused):
        read_pskc(rubbish, GIVEN)
    with pytest.raises(PskcRefused):
        read_pskc(FILE[: len(FILE) // 2] + rubbish, GIVEN)


@pytest.mark.parametrize("head", [BOMB, OUTSIDE, PARAMETER, "<!DOCTYPE KeyContainer>", "<?php a?>"])
def test_document_types_and_instructions_are_refused(head: str) -> None:
    assert fault_of(FIGURE_6.but(before=head)) is PskcFault.DOCUMENT_TYPE


def test_entities_and_other_encodings_are_refused() -> None:
    assert fault_of(FIGURE_6.but(serial="&a;")) is PskcFault.NOT_XML
    assert fault_of(FIGURE_6.but(before='<?xml version="1.0" encoding="UTF-7"?>')) is PskcFault.NOT_XML
    assert fault_of(FILE.decode().replace("UTF-8", "UTF-16").encode("utf-16")) is PskcFault.NOT_XML


def test_files_too_large_in_any_direction_are_refused() -> None:
    deep = "<a>" * (MAX_DEPTH + 1)
    assert fault_of(f'<KeyContainer Version="1.0" xmlns="{PSKC}">{deep}'.encode()) is PskcFault.TOO_DEEP
    assert fault_of(b" " * (MAX_BYTES + 1)) is PskcFault.TOO_BIG
    assert fault_of(FIGURE_6.but(serial="1" * (MAX_CHARACTERS + 1))) is PskcFault.TOO_BIG
    assert fault_of(FIGURE_6.but(device="<a/>" * 300)) is PskcFault.TOO_BIG
    assert fault_of(FIGURE_6.but(device=f"<a b='{'c' * (MAX_CHARACTERS + 1)}'/>")) is PskcFault.TOO_BIG
    names = " ".join(f"a{number}=''" for number in range(1_000_000))
    for endless in (f"<a {names}/>", f"<!--{names}-->", f"<a b='{names[:6_000_000]}'/>".replace("''", "")):
        assert fault_of(FIGURE_6.but(device=endless)) is PskcFault.TOO_BIG
    pause = "<!-- -->" * 30_000
    assert read_pskc(FIGURE_6.but(before=f'<?xml version="1.0"?>{pause}'), GIVEN).keys
