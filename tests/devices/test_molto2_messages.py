"""The Molto-2 driver's commands and answers: the vendor tool's bytes."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.molto2.messages import FACTORY_KEY, CustomerKey, decode_block, decode_identity, sm4_key
from devices.errors import BadAnswer
from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.rig.molto2.device import SECOND, Molto2

_NOW = 1_795_200_007.0


def test_the_vendors_vectors_byte_for_byte() -> None:
    key = CustomerKey(FACTORY_KEY)
    form = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)
    commands = [
        key.answer(bytes.fromhex("1122334455667788")),
        key.write_seed(2, b"12345678901234567890"),
        key.write_title(2, "Google"),
        key.write_parameters(2, form, 1111111109),
        key.write_clock(0, 0x66123456),
    ]
    assert [command.encode().hex().upper() for command in commands] == [
        "80CE000010" + "550EC1328F963EB02972BB141E1CF521",
        "84C5010224" + "5D848C69EB8E884E7D20591FF89ADEFF31FD80354BF08248E60D457774BBF06E" + "9D9F396D",
        "84D5000214" + "934363A4A0B27FE53AC3FBDBDC50A270" + "6D031C44",
        "84D401021A" + "81141F01020F04423A35C586090A01010B01080D013C" + "13139F3F",
        "84D401000C" + "81060F0466123456" + "42304790",
    ]
    assert sm4_key(FACTORY_KEY).hex().upper() == "099250FDB017F442DA429ECBBEE17F79"


@given(st.binary(min_size=1, max_size=63), st.binary(min_size=16, max_size=16))
def test_the_token_understands_every_seed(secret: bytes, customer_key: bytes) -> None:
    token = Molto2("1", SECOND, lambda: _NOW)
    token.lock_with(customer_key)
    token.fresh_challenge = lambda: bytes(8)
    key = CustomerKey(customer_key)
    for command in ("804B080000", key.answer(bytes(8)).encode().hex(), key.write_seed(0, secret).encode().hex()):
        assert token.exchange(bytes.fromhex(command), lambda: None)[-2:] == b"\x90\x00"
    assert token.memory.slots[0].seed == secret


@given(st.binary(max_size=60))
def test_answers_that_are_none_are_refused(data: bytes) -> None:
    with suppress(BadAnswer):
        assert decode_identity(data).serial.isalnum()
    with suppress(BadAnswer):
        assert decode_block(data).algorithm == data[29]
