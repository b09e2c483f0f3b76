"""Yubico's own library works with the OATH application of our emulated keys, its makers' own and the others'."""

from __future__ import annotations

import pytest
from yubikit.core.smartcard import ApduError
from yubikit.oath import HASH_ALGORITHM, OATH_TYPE, CredentialData, OathSession

from tests.rig.ykoath.device import OathKey
from tests.rig.ykoath.models import CANOKEY, NITROKEY_3, YUBIKEY_4, YUBIKEY_5, Model
from tests.vendors import oath
from tests.vendors.shown import Program, shows
from tests.vendors.yubico_seams import GadgetCard

FAMILY = "ykoath"
SECRET = b"12345678901234567890"
MODELS = {
    "yubikey-4-oath": YUBIKEY_4,
    "yubikey-5-oath": YUBIKEY_5,
    "nitrokey-3": NITROKEY_3,
    "canokey": CANOKEY,
}
PROFILES = tuple(MODELS)
TIMES = (59, 1111111109, 20000000000)


@pytest.fixture(params=MODELS.values(), ids=PROFILES)
def key(request: pytest.FixtureRequest) -> OathKey:
    model: Model = request.param
    key = OathKey(model, (12345678).to_bytes(4, "big"))
    key.hand.at_once = True
    return key


# a Nitrokey 3 knows neither an access key nor all codes at once
@pytest.fixture(params=[YUBIKEY_4, YUBIKEY_5, CANOKEY], ids=["YubiKey 4", "YubiKey 5", "CanoKey"])
def yubico_like(request: pytest.FixtureRequest) -> OathKey:
    return OathKey(request.param, (12345678).to_bytes(4, "big"))


def session(key: OathKey) -> OathSession:
    return OathSession(GadgetCard(key))


def totp_60(algorithm: HASH_ALGORITHM = HASH_ALGORITHM.SHA1) -> CredentialData:
    return CredentialData("alice", OATH_TYPE.TOTP, algorithm, SECRET, digits=8, period=60, issuer="ACME")


@shows(FAMILY, Program.YUBIKIT, "add TOTP", "code")
def test_a_totp_credential_gives_the_codes_of_oathtool(key: OathKey) -> None:
    app = session(key)
    assert tuple(app.version) == key.model.version
    credential = app.put_credential(totp_60())
    for unix_time in TIMES:
        assert app.calculate_code(credential, unix_time).value == oath.totp(SECRET, unix_time)


@shows(FAMILY, Program.YUBIKIT, "code")
def test_all_codes_at_once(yubico_like: OathKey) -> None:
    app = session(yubico_like)
    app.put_credential(totp_60())
    for unix_time in TIMES:
        (code,) = app.calculate_all(unix_time).values()
        assert code is not None
        assert code.value == oath.totp(SECRET, unix_time)


@shows(FAMILY, Program.YUBIKIT, "SHA-256")
def test_a_totp_credential_with_sha_256(key: OathKey) -> None:
    app = session(key)
    credential = app.put_credential(totp_60(HASH_ALGORITHM.SHA256))
    assert app.calculate_code(credential, 1111111109).value == oath.totp(SECRET, 1111111109, algorithm="sha256")


@shows(FAMILY, Program.YUBIKIT, "add HOTP")
def test_an_hotp_credential_counts(key: OathKey) -> None:
    app = session(key)
    # the CanoKey advances its counter before it makes the first code
    first = 5 + key.model.counts_first
    credential = app.put_credential(
        CredentialData("bob", OATH_TYPE.HOTP, HASH_ALGORITHM.SHA1, SECRET, digits=8, period=0, counter=5)
    )
    told = [app.calculate_code(credential).value for _ in range(3)]
    assert told == [oath.hotp(SECRET, first + step) for step in range(3)]


@shows(FAMILY, Program.YUBIKIT, "list", "delete")
def test_many_credentials_are_listed_in_several_answers(key: OathKey) -> None:
    app = session(key)
    names = {f"customer-{number:02}-with-a-long-name" for number in range(20)}
    for name in names:
        app.put_credential(CredentialData(name, OATH_TYPE.TOTP, HASH_ALGORITHM.SHA1, SECRET, 8, 60))
    credentials = app.list_credentials()
    assert {credential.name for credential in credentials} == names
    assert {credential.period for credential in credentials} == {60}
    for credential in credentials:
        app.delete_credential(credential.id)
    assert app.list_credentials() == []


@shows(FAMILY, Program.YUBIKIT, "password set", "password wrong", "password removed")
def test_a_password_locks_the_application(yubico_like: OathKey) -> None:
    app = session(yubico_like)
    app.put_credential(totp_60())
    app.set_key(app.derive_key("foobar"))
    app = session(yubico_like)
    assert app.locked
    with pytest.raises(ApduError):
        app.list_credentials()
    with pytest.raises(ApduError):
        app.validate(app.derive_key("wrong"))
    app.validate(app.derive_key("foobar"))
    assert len(app.list_credentials()) == 1
    app.unset_key()
    assert not session(yubico_like).locked


@shows(FAMILY, Program.YUBIKIT, "rename")
def test_a_credential_gets_another_name() -> None:
    key = OathKey(YUBIKEY_5, (12345678).to_bytes(4, "big"))
    app = session(key)
    credential = app.put_credential(totp_60())
    app.rename_credential(credential.id, "carol", "ACME")
    (renamed,) = app.list_credentials()
    assert (renamed.issuer, renamed.name, renamed.period) == ("ACME", "carol", 60)
    assert app.calculate_code(renamed, 59).value == oath.totp(SECRET, 59)


@shows(FAMILY, Program.YUBIKIT, "touch")
def test_a_credential_that_wants_a_finger() -> None:
    key = OathKey(YUBIKEY_5, (12345678).to_bytes(4, "big"))
    app = session(key)
    credential = app.put_credential(totp_60(), touch_required=True)
    key.hand.patience_s = 0.05
    with pytest.raises(ApduError):
        app.calculate_code(credential, 59)
    key.hand.at_once = True
    assert app.calculate_code(credential, 59).value == oath.totp(SECRET, 59)
    assert list(app.calculate_all(59).values()) == [None]


@shows(FAMILY, Program.YUBIKIT, "reset")
def test_a_reset_forgets_everything(key: OathKey) -> None:
    app = session(key)
    app.put_credential(totp_60())
    before = app.device_id
    app.reset()
    assert app.list_credentials() == []
    assert app.device_id != before
