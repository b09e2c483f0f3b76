"""The vendor tool's bytes, with a cipher by other hands, load our emulated Molto-2."""

from __future__ import annotations

import pytest

from tests.rig.molto2.device import FIRST, SECOND, Hardware, Molto2
from tests.vendors import oath
from tests.vendors.molto2_steps import (
    CLOCK,
    DELETE,
    DONE,
    FACTORY_KEY,
    NO_SEED,
    PARAMETERS,
    PROFILE,
    READ,
    SECRET,
    SEED,
    TITLE,
    TRAILING_LE,
    UNIX_TIME,
    Steps,
    encrypted,
    padded,
    sealed,
)
from tests.vendors.shown import Program, shows

FAMILY = "molto2"
NOW = 1_700_000_000.0


MODELS = {"molto2-v1": FIRST, "molto2-v2": SECOND}
PROFILES = tuple(MODELS)


@pytest.fixture(params=MODELS.values(), ids=PROFILES)
def token(request: pytest.FixtureRequest) -> Molto2:
    hardware: Hardware = request.param
    return Molto2("826658719844499", hardware, lambda: NOW)


def steps(token: Molto2) -> Steps:
    return Steps(lambda apdu: token.exchange(apdu, lambda: None))


@shows(FAMILY, Program.GMSSL, "APDU vectors")
def test_the_known_apdus_are_what_gmssl_makes_of_their_values() -> None:
    assert encrypted(FACTORY_KEY, bytes.fromhex("1122334455667788") + bytes(8)).hex().upper() == (
        "550EC1328F963EB02972BB141E1CF521"
    )
    seed = encrypted(FACTORY_KEY, padded(SECRET))
    assert sealed(FACTORY_KEY, bytes.fromhex("84C50102"), seed) == SEED
    title = encrypted(FACTORY_KEY, padded(b"Google"))
    assert sealed(FACTORY_KEY, bytes.fromhex("84D50002"), title) == TITLE
    tail = bytes.fromhex("86090A01010B01080D013C")
    parameters = bytes.fromhex("81141F01020F04") + UNIX_TIME.to_bytes(4, "big") + tail
    assert sealed(FACTORY_KEY, bytes.fromhex("84D40102"), parameters) == PARAMETERS
    assert sealed(FACTORY_KEY, bytes.fromhex("84D40100"), bytes.fromhex("81060F0466123456")) == CLOCK


@shows(FAMILY, Program.GMSSL, "identify", "seed", "title", "parameters", "clock")
def test_the_known_apdus_load_a_token_that_shows_the_code_of_oathtool(token: Molto2) -> None:
    tool = steps(token)
    assert tool.identify() == (token.serial, int(NOW))
    assert not tool.read().has_seed
    assert tool.authenticate() == DONE
    assert [tool.send(apdu) for apdu in (SEED, TITLE, PARAMETERS)] == [DONE] * 3
    block = tool.read()
    assert (block.title, block.algorithm, block.step_s, block.digits, block.has_seed) == ("Google", 1, 60, 8, True)
    assert block.clock == UNIX_TIME
    assert token.shows(PROFILE) == oath.totp(SECRET, UNIX_TIME) == "19360094"
    assert tool.send(CLOCK) == DONE
    assert tool.identify()[1] == 0x66123456


@shows(FAMILY, Program.GMSSL, "delete")
def test_a_deleted_seed_is_gone_and_its_title_stays(token: Molto2) -> None:
    tool = steps(token)
    assert tool.authenticate() == DONE
    assert [tool.send(apdu) for apdu in (SEED, TITLE, DELETE, DELETE)] == [DONE, DONE, DONE, NO_SEED]
    assert (tool.read().has_seed, tool.read().title) == (False, "Google")


@shows(FAMILY, Program.GMSSL, "wrong key")
def test_a_wrong_key_counts_and_opens_nothing(token: Molto2) -> None:
    tool = steps(token)
    words = [tool.authenticate(b"WRONGWRONGWRONG1") for _ in range(2)]
    assert [word >> 8 for word in words] == [0x63, 0x63]
    assert words[1] == words[0] - 1
    assert tool.send(SEED) != DONE
    assert tool.send(READ + b"\0") == TRAILING_LE
    assert not tool.read().has_seed
