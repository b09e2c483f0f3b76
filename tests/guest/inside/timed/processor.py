"""Sixteen usual fobs at once: what the guest's processor can do, for `kagiya bench guest`; no test judges it."""

from __future__ import annotations

from tests.bench.program import AT_ONCE, MANY_OF, result
from tests.guest.inside.timed.conftest import keep
from tests.guest.inside.timed.shop import Shop


def test_sixteen_fobs_that_one_processor_emulates_and_writes(shop: Shop, rounds: int) -> None:
    one = result(MANY_OF, 1, [shop.write(MANY_OF) for _ in range(rounds)])
    keep(result(MANY_OF, AT_ONCE, [shop.write(MANY_OF, AT_ONCE) for _ in range(rounds)], one.seconds))
