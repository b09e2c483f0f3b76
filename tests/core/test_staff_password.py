"""Passwords of staff: by length alone, however the keyboard composed the signs; the fallback is prepared once."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest

from provisioning.errors import BadInput, WrongState
from provisioning.jobs.staff_fallback import PrepareFallbackCommand, prepare_fallback
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.permissions import StaffRole
from provisioning.rules.staff_proof import read_staff_password
from provisioning.services import Services
from provisioning.store.tables import Staff
from tests.fixtures.databases import postgresql_only
from tests.fixtures.staff_sessions import new_staff
from tests.fobs.test_two_at_once import at_once

BAD = ("", "short", "x" * 129, "aaaaaaaaaaaa", "abababababab", "十一文字のことばです。")


@pytest.mark.parametrize("password", BAD)
def test_passwords_have_a_length_and_are_not_one_sign(password: str) -> None:
    with pytest.raises(BadInput):
        read_staff_password(password, "password")


def test_any_signs_make_a_password() -> None:
    for password in (
        "nur kleine worte",
        "123456789012",
        "緑の鍵束と 42 羽の燕",
        "x y z a b c d",
        "q" * 100 + "wert",
    ):
        assert read_staff_password(password, "password") == password


def test_the_same_signs_are_the_same_password() -> None:
    assert read_staff_password("が" * 9 + "つぎのことば", "password") == read_staff_password(
        "か\u3099" * 9 + "つぎのことば", "password"
    )
    assert read_staff_password("ＡＢＣＤＥＦＧＨＩＪＫＬ", "password") == "ABCDEFGHIJKL"


@postgresql_only
def test_of_two_administrators_at_once_the_second_is_told_that_it_is_prepared(
    services: Services, teller: Staff, now: datetime
) -> None:
    """And not that the user ID is somebody's, which it is not."""
    boss = Actor(ActorKind.STAFF, new_staff(services, now, StaffRole.ADMINISTRATOR), "dual", "本店")
    commands = [PrepareFallbackCommand(teller.id, f"99980000900{number}", boss) for number in range(3)]
    done, refused = at_once(*(partial(prepare_fallback, services, command, now) for command in commands))
    assert (len(done), refused) == (1, [WrongState("fallback", "prepared")] * 2)
