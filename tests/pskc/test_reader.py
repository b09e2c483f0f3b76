"""A file of seeds is read as RFC 6030 has it, and nothing in it is passed over."""

from __future__ import annotations

import base64
import hmac
import io
from dataclasses import replace
from datetime import UTC, datetime

import pskc
import pytest

from provisioning.pskc.ciphers import FileKey, Passphrase, SharedKey, encrypt
from provisioning.pskc.reader import MOST_REFUSALS, read_pskc
from provisioning.pskc_refusals import PskcFault, PskcRefusal, PskcRefused
from provisioning.rules.parameters import Algorithm, OtpParameters, OtpType
from tests.pskc.figures import (
    FIGURE_6,
    FIGURE_7,
    PASSPHRASE,
    PSKC,
    SECRET,
    SECRET_UNDER_PASSPHRASE,
    SHARED_KEY,
    XENC,
    Example,
)

GIVEN = SharedKey(SHARED_KEY)
EIGHT = '<ResponseFormat Length="8" Encoding="DECIMAL"/>'
MAC_KEY = bytes.fromhex("1122334455667788990011223344556677889900")
# the totp of today, in the form that makers of tokens write
TOTP = replace(
    FIGURE_6,
    algorithm=f"{PSKC}:totp",
    data="<Time><PlainValue>0</PlainValue></Time><TimeInterval><PlainValue>60</PlainValue></TimeInterval>"
    "<TimeDrift><PlainValue>-3</PlainValue></TimeDrift>",
)


def with_seed(seed: bytes) -> Example:
    """Figure 6 with another seed in it, under the same keys."""
    sealed = encrypt(SHARED_KEY, seed)
    mac = base64.b64encode(hmac.digest(MAC_KEY, sealed, "sha1")).decode()
    return replace(FIGURE_6, cipher_value=base64.b64encode(sealed).decode(), value_mac=mac)


def refusal(file: bytes, given: FileKey = GIVEN) -> PskcRefusal:
    """The one thing in the way."""
    try:
        (refused,) = read_pskc(file, given).refusals
    except PskcRefused as whole:
        (refused,) = whole.refusals
    return refused


def test_the_figures_of_the_standard() -> None:
    (key,) = read_pskc(FIGURE_6.file(), GIVEN).keys
    assert (key.seed, key.serial, key.manufacturer) == (SECRET, "987654321", "Manufacturer")
    assert key.otp == OtpParameters(OtpType.HOTP, Algorithm.SHA1, 8, 0)
    (key,) = read_pskc(FIGURE_7.file(), Passphrase(PASSPHRASE)).keys
    assert (key.seed, key.next_counter) == (SECRET_UNDER_PASSPHRASE, 0)
    assert "3132" not in repr(key)
    assert repr(SECRET) not in repr(key)


def test_an_independent_program_reads_our_examples_alike() -> None:
    other = pskc.PSKC(io.BytesIO(FIGURE_6.file()))
    other.encryption.key = SHARED_KEY
    assert [key.secret for key in other.keys] == [SECRET]


@pytest.mark.parametrize("cipher", ["aes128-cbc", "aes192-cbc", "aes256-cbc"])
@pytest.mark.parametrize("mac", ["hmac-sha1", "hmac-sha256", "hmac-sha512"])
def test_files_that_another_program_writes_are_read(cipher: str, mac: str) -> None:
    other = pskc.PSKC()
    other.add_key(
        id="1", serial="A1", manufacturer="Acme", algorithm=f"{PSKC}:totp", secret=SECRET, response_length=8,
        response_encoding="DECIMAL", time_interval=60, time_drift=2,
    )  # fmt: skip
    other.mac.setup(algorithm=mac)
    other.encryption.setup_pbkdf2(PASSPHRASE, algorithm=cipher, iterations=1_000, prf=mac)
    written = io.BytesIO()
    other.write(written)
    (key,) = read_pskc(written.getvalue(), Passphrase(PASSPHRASE)).keys
    assert (key.seed, key.serial, key.otp, key.drift_steps) == (SECRET, "A1", OtpParameters(), 2)


def test_what_the_file_says_of_a_key_is_honoured() -> None:
    device = (
        "<Model>T1</Model><StartDate>2024-01-01T00:00:00Z</StartDate>"
        "<ExpiryDate>2031-06-30T09:00:00+09:00</ExpiryDate>"
    )
    policy = "<Policy><ExpiryDate>2030-01-01T00:00:00Z</ExpiryDate><KeyUsage>OTP</KeyUsage></Policy>"
    (key,) = read_pskc(TOTP.but(device=device, policy=policy), GIVEN).keys
    assert key.otp == OtpParameters(OtpType.TOTP, Algorithm.SHA1, 8, 60)
    assert (key.drift_steps, key.model) == (-3, "T1")
    assert (key.starts_at, key.expires_at) == (
        datetime(2024, 1, 1, tzinfo=UTC),
        datetime(2030, 1, 1, tzinfo=UTC),
    )
    (key,) = read_pskc(FIGURE_6.but(data="<Counter><PlainValue>4711</PlainValue></Counter>"), GIVEN).keys
    assert key.next_counter == 4711
    suite = '<Suite>HMAC-SHA256</Suite><ResponseFormat Length="6" Encoding="DECIMAL"/>'
    (key,) = read_pskc(replace(with_seed(bytes(range(32))), parameters=suite).file(), GIVEN).keys
    assert (key.otp.algorithm, key.otp.digits, len(key.seed)) == (Algorithm.SHA256, 6, 32)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (FIGURE_6.but(secret="<PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue>"), PskcFault.PLAIN_SECRET),
        (with_seed(bytes(19)).file(), PskcFault.SEED_LENGTH),
        (with_seed(bytes(65)).file(), PskcFault.SEED_LENGTH),
        (with_seed(bytes(20)).but(parameters=f"<Suite>HMAC-SHA512</Suite>{EIGHT}"), PskcFault.SEED_LENGTH),
        (FIGURE_6.but(policy="<Policy><KeyUsage>CR</KeyUsage></Policy>"), PskcFault.POLICY),
        (FIGURE_6.but(policy="<Policy><PINPolicy PINUsageMode='Local'/></Policy>"), PskcFault.POLICY),
        (FIGURE_6.but(policy="<Policy><NumberOfTransactions>9</NumberOfTransactions></Policy>"), PskcFault.POLICY),
        (FIGURE_6.but(policy="<Policy><Moon xmlns='urn:moon'/></Policy>"), PskcFault.POLICY),
        (FIGURE_6.but(policy="<UserId>UID=jsmith</UserId>"), PskcFault.SOMEBODYS),
        (FIGURE_6.but(device="<UserId>UID=jsmith</UserId>"), PskcFault.SOMEBODYS),
        (FIGURE_6.but(device="<DeviceBinding>IMEI</DeviceBinding>"), PskcFault.UNKNOWN_ELEMENT),
        (FIGURE_6.but(policy="<Extensions/>"), PskcFault.UNKNOWN_ELEMENT),
        (FIGURE_6.but(device="<SerialNo>1</SerialNo>"), PskcFault.REPEATED_ELEMENT),
        (FIGURE_6.but(parameters=EIGHT.replace("/>", ">stray</ResponseFormat>")), PskcFault.BAD_VALUE),
        (FIGURE_6.but(device="stray"), PskcFault.BAD_VALUE),
        (FIGURE_6.but(serial="<b/>1"), PskcFault.UNKNOWN_ELEMENT),
        (FIGURE_6.but(serial="no such"), PskcFault.BAD_VALUE),
        (FIGURE_6.but(serial=""), PskcFault.BAD_VALUE),
        (FIGURE_6.but(device="<ExpiryDate>2030-01-01T00:00:00</ExpiryDate>"), PskcFault.BAD_VALUE),
        (FIGURE_6.but(device="<ExpiryDate>0001-01-01T00:00:00+14:00</ExpiryDate>"), PskcFault.BAD_VALUE),
        (FIGURE_6.but(device="<ExpiryDate>2030-02-30T00:00:00Z</ExpiryDate>"), PskcFault.BAD_VALUE),
        (FIGURE_6.but(algorithm=f"{PSKC}:pin"), PskcFault.UNSUPPORTED),
        (FIGURE_6.but(parameters='<ResponseFormat Length="7" Encoding="DECIMAL"/>'), PskcFault.UNSUPPORTED),
        (FIGURE_6.but(parameters='<ResponseFormat Length="8" Encoding="ALPHANUMERIC"/>'), PskcFault.UNSUPPORTED),
        (FIGURE_6.but(parameters=EIGHT.replace("/>", ' CheckDigits="true"/>')), PskcFault.UNSUPPORTED),
        (FIGURE_6.but(data="<Counter><PlainValue>-1</PlainValue></Counter>"), PskcFault.BAD_VALUE),
        (FIGURE_6.but(data=f"<Counter><PlainValue>{10**19}</PlainValue></Counter>"), PskcFault.BAD_VALUE),
        (FIGURE_6.but(data="<TimeDrift><PlainValue>1</PlainValue></TimeDrift>"), PskcFault.UNKNOWN_ELEMENT),
        (TOTP.but(data="<TimeInterval><PlainValue>45</PlainValue></TimeInterval>"), PskcFault.UNSUPPORTED),
        (TOTP.but(data="<Time><PlainValue>1</PlainValue></Time>"), PskcFault.UNSUPPORTED),
        (FIGURE_6.but(cipher_value=FIGURE_6.cipher_value[:-4] + "UqGw"), PskcFault.NOT_AUTHENTIC),
        (FIGURE_6.but(value_mac="Su+NvtQfmvfJzF6bmQiJqoLRExd="), PskcFault.BAD_VALUE),
        (FIGURE_6.but(value_mac="Su+NvtQfmvfJzF6bmQiJqoLREx4="), PskcFault.NOT_AUTHENTIC),
        (FIGURE_6.but(value_mac="Su+NvtQfmvc="), PskcFault.NOT_AUTHENTIC),
        (FIGURE_6.but(value_mac="\N{FULLWIDTH DIGIT ONE}"), PskcFault.BAD_VALUE),
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_used_is_named(file: bytes, expected: PskcFault) -> None:
    refused = refusal(file)
    assert (refused.fault, refused.number) == (expected, 1)
    assert refused.serial in ("987654321", "")


@pytest.mark.parametrize(
    ("file", "given", "expected"),
    [
        (FIGURE_6.file(), Passphrase(PASSPHRASE), PskcFault.OTHER_KIND_OF_KEY),
        (FIGURE_7.file(), GIVEN, PskcFault.OTHER_KIND_OF_KEY),
        (FIGURE_6.file(), SharedKey(bytes(32)), PskcFault.OTHER_KIND_OF_KEY),
        (FIGURE_7.file(), Passphrase("azerty"), PskcFault.WRONG_KEY),
        (FIGURE_6.but(mac="http://www.w3.org/2001/04/xmldsig-more#hmac-md5"), GIVEN, PskcFault.UNSUPPORTED),
        (FIGURE_6.but(cipher=f"{XENC}tripledes-cbc"), GIVEN, PskcFault.UNSUPPORTED),
        (FIGURE_6.but(mac_key="AAAA"), GIVEN, PskcFault.BAD_VALUE),
        (FIGURE_6.but(version="2.0"), GIVEN, PskcFault.UNSUPPORTED),
        (FIGURE_6.but(namespace="urn:ietf:params:xml:ns:keyprov:other"), GIVEN, PskcFault.UNKNOWN_ELEMENT),
        (FIGURE_6.but(times=0), GIVEN, PskcFault.NO_KEYS),
        (FIGURE_7.file().replace(b">1000<", b">999<"), Passphrase(PASSPHRASE), PskcFault.UNSUPPORTED),
        (FIGURE_7.file().replace(b">1000<", b">999999999<"), Passphrase(PASSPHRASE), PskcFault.UNSUPPORTED),
        (FIGURE_7.file().replace(b">16<", b">64<"), Passphrase(PASSPHRASE), PskcFault.UNSUPPORTED),
        (FIGURE_6.file().replace(b"<KeyPackage>", b"<Stray/><KeyPackage>"), GIVEN, PskcFault.UNKNOWN_ELEMENT),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(
    file: bytes, given: FileKey, expected: PskcFault
) -> None:
    refused = refusal(file, given)
    assert (refused.fault, refused.number) == (expected, 0)


def test_a_file_without_protection_is_refused() -> None:
    bare = f'<KeyContainer Version="1.0" xmlns="{PSKC}"><KeyPackage/></KeyContainer>'.encode()
    assert refusal(bare).fault is PskcFault.PLAIN_SECRET
    without_mac = (
        FIGURE_6.file()
        .replace(b"<MACMethod", b"<KeyPackage><MACMethod")
        .replace(b"</MACMethod>", b"</MACMethod></KeyPackage>")
    )
    assert refusal(without_mac) == PskcRefusal(PskcFault.MISSING, "MACMethod")


def test_every_refused_key_is_told_up_to_a_limit() -> None:
    file = read_pskc(FIGURE_6.but(times=3, policy="<Policy><Moon/></Policy>"), GIVEN)
    assert [refused.number for refused in file.refusals] == [1, 2, 3]
    assert {(refused.fault, refused.what) for refused in file.refusals} == {(PskcFault.POLICY, "Moon")}
    assert len(read_pskc(FIGURE_6.but(times=150, serial="?"), GIVEN).refusals) == MOST_REFUSALS
