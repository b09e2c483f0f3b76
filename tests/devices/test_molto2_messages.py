"""The Molto-2 driver's commands and answers: any seed, any key, any answer."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.molto2.messages import FACTORY_KEY, CustomerKey, decode_block, decode_identity, sm4_key
from devices.errors import BadAnswer
from tests.rig.molto2.device import SECOND, Molto2

_NOW = 1_795_200_007.0


def test_the_key_of_the_factory() -> None:
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
