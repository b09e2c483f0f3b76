"""The emulated Molto-2 against the vendor tool's bytes: the whole conversation of the protocol note's vectors."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from tests.devices.vectors import vectors
from tests.rig.molto2.device import FIRST, SECOND, Molto2
from tests.rig.molto2.memory import FACTORY_KEY, TRIES, session_key
from tests.rig.molto2.sm4 import SBOX, Sm4

WORLD = 1111111109.0
SERIAL = "826658719844499"
CHALLENGE = "1122334455667788"
ANSWER, SEED, TITLE, PARAMETERS, CLOCK = (
    vectors(name, "molto2")["command"]
    for name in ("answer", "write_seed", "write_title", "write_parameters", "write_clock")
)


def never_extend() -> None:
    raise AssertionError("this device never asks for time")


def say(token: Molto2, command: str) -> str:
    """One APDU and its answer, both hexadecimal."""
    return token.exchange(bytes.fromhex(command), never_extend).hex().upper()


@pytest.fixture
def token() -> Molto2:
    made = Molto2(SERIAL, SECOND, lambda: WORLD)
    made.fresh_challenge = lambda: bytes.fromhex(CHALLENGE)
    return made


def authenticate(token: Molto2) -> None:
    assert say(token, "804B080000") == CHALLENGE + "9000"
    assert say(token, ANSWER) == "9000"


def test_sm4_gives_the_standards_answer() -> None:
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    assert Sm4(key).encrypt_block(key).hex().upper() == "681EDF34D206965E86B3E94F536E4246"
    assert SBOX[:4].hex() == "d690e9fe"


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_sm4_agrees_with_openssl(key: bytes, block: bytes) -> None:
    sealed = Cipher(algorithms.SM4(key), modes.ECB()).encryptor().update(block)
    assert Sm4(key).encrypt_block(block) == sealed
    assert Sm4(key).decrypt_block(sealed) == block


def test_the_factory_key() -> None:
    assert session_key(FACTORY_KEY).hex().upper() == "099250FDB017F442DA429ECBBEE17F79"


def test_it_tells_serial_and_clock_to_anybody(token: Molto2) -> None:
    told = bytes.fromhex(say(token, "8041000000"))
    assert told[3] == 15
    assert told[4:19].decode() == SERIAL
    assert int.from_bytes(told[21:25]) == int(WORLD)
    assert told[25:] == b"\x90\x00"


def test_the_vendors_bytes_load_a_credential(token: Molto2) -> None:
    authenticate(token)
    assert say(token, SEED) == say(token, TITLE) == say(token, PARAMETERS) == "9000"
    # oathtool --totp=sha1 -d 8 -s 60 -N @1111111109 3132333435363738393031323334353637383930
    assert token.shows(2) == "19360094"
    slot = token.memory.slots[2]
    assert (slot.title, slot.digits, slot.step_s, slot.display) == ("Google", 8, 60, 2)
    block = bytes.fromhex(say(token, "80410002 01 70"))
    assert block[2:4] == bytes([0x70, 29])
    assert block[5:21] == b"Google".ljust(16, b"\0")
    assert block[-6:-2] == bytes([1, 60, 8, 1])


def test_the_vendors_clock_command_sets_one_profile(token: Molto2) -> None:
    authenticate(token)
    assert say(token, CLOCK) == "9000"
    assert token.memory.slots[0].clock_offset_s == 0x66123456 - int(WORLD)
    assert token.memory.slots[1].clock_offset_s == 0


def test_without_the_right_answer_nothing_can_be_written(token: Molto2) -> None:
    assert say(token, SEED) == "6982"
    assert say(token, ANSWER) == "6982"
    say(token, "804B080000")
    assert say(token, "80CE000010" + "00" * 16) == f"63{TRIES - 1:02X}"
    assert say(token, TITLE) == "6982"
    authenticate(token)
    assert token.memory.tries_left == TRIES
    assert say(token, SEED[:-1] + "e") == "6988"
    assert token.shows(2) == ""


def test_tries_run_out_for_good(token: Molto2) -> None:
    for left in reversed(range(TRIES)):
        say(token, "804B080000")
        assert say(token, "80CE000010" + "00" * 16) == f"63{left:02X}"
    say(token, "804B080000")
    assert say(token, ANSWER) == "6983"


def test_a_seed_is_deleted_without_a_key_and_the_title_stays(token: Molto2) -> None:
    authenticate(token)
    for command in (SEED, TITLE, PARAMETERS):
        say(token, command)
    token.power_off()
    assert say(token, "80E6000200") == "9000"
    assert say(token, "80E6000200") == "6A83"
    assert token.memory.slots[2].title == "Google"
    assert token.shows(2) == ""


def test_the_key_changes_when_the_up_arrow_is_pressed_and_not_before(token: Molto2) -> None:
    authenticate(token)
    new = session_key(b"another key")
    body = (
        Cipher(algorithms.SM4(token.memory.key), modes.ECB()).encryptor().update(b"\0" + new + b"\x80" + bytes(14))
    )
    covered = (bytes.fromhex("80D7000020") + body + b"\x80").ljust(48, b"\0")
    mac = Cipher(algorithms.SM4(token.memory.key), modes.CBC(bytes(16))).encryptor().update(covered)[-16:-12]
    command = f"84D7000024{body.hex()}{mac.hex()}"
    assert say(token, command) == "9060"
    assert token.asks
    assert token.memory.key == session_key(FACTORY_KEY)
    token.power_off()
    token.press_up()
    assert token.memory.key == session_key(FACTORY_KEY)
    authenticate(token)
    say(token, command)
    token.press_up()
    assert token.memory.key == new


def test_a_factory_reset_waits_for_the_up_arrow_too(token: Molto2) -> None:
    authenticate(token)
    say(token, SEED)
    assert say(token, "8056000000") == "9060"
    assert token.memory.slots[2].seed
    token.press_up()
    assert not token.memory.slots[2].seed


def test_the_first_revision_has_fifty_profiles() -> None:
    first = Molto2(SERIAL, FIRST, lambda: WORLD)
    assert say(first, "80410031 01 70")[-4:] == "9000"
    assert say(first, "80410032 01 70") == "6A86"


def test_the_screen_locks_for_who_has_the_key_only(token: Molto2) -> None:
    assert say(token, "80D80C0200") == "6982"
    authenticate(token)
    assert say(token, "80D80C0200") == "9000"
    assert token.memory.screen_locked
    assert say(token, "80D80C020101") == "9000"
    assert not token.memory.screen_locked


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("80", "6700"),
        ("8041000205AB", "6700"),
        ("80410002017000", "6FFB"),
        ("80FF000000", "6D00"),
        ("84410000", "6D00"),
    ],
)
def test_what_it_does_not_understand(token: Molto2, command: str, word: str) -> None:
    assert say(token, command) == word
