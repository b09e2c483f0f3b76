"""Invitations, passkeys kept and given up, the fallback, and who is shut out: what the jobs do."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from provisioning.errors import AlreadyTaken, BadInput, NotFound, PasskeyFault, PasskeyRefused, WrongState
from provisioning.jobs.accept_invitation import AcceptInvitationCommand, accept_invitation, invitation_options
from provisioning.jobs.check_fallback import CheckFallbackCommand, check_fallback
from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff
from provisioning.jobs.enable_staff import EnableStaffCommand, enable_staff
from provisioning.jobs.end_staff_session import EndStaffSessionCommand, end_staff_session
from provisioning.jobs.invite_staff import INVITATION_PATH, InviteStaffCommand, invite_staff
from provisioning.jobs.own_passkeys import RemovePasskeyCommand, remove_passkey
from provisioning.jobs.staff_fallback import (
    PrepareFallbackCommand,
    SetStaffPasswordCommand,
    UnlockFallbackCommand,
    prepare_fallback,
    set_staff_password,
    unlock_fallback,
)
from provisioning.jobs.web_sessions import IDLE_LIMIT, SessionKind, find_session, hash_of, renew_session
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.queries.staff import staff_member
from provisioning.store.queries.staff_accounts import StaffAccount, invited_member, staff_account, staff_lines
from provisioning.store.tables import AuditEntry, Customer, Passkey, Staff, StaffFallback
from tests.fixtures.databases import sqlite_only
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey
from tests.fixtures.staff_sessions import new_staff, session_of
from tests.fixtures.tokens import Token, give_token

pytestmark = sqlite_only

PASSWORD = "緑の鍵束と 42 羽の燕"
USER_ID = "999800009001"


@pytest.fixture
def boss(services: Services, now: datetime) -> Actor:
    """An administrator of `dual`, who acts."""
    return actor_of(services, new_staff(services, now, StaffRole.ADMINISTRATOR, name="管理 しおん"))


def actor_of(services: Services, staff_id: str) -> Actor:
    """A member of staff who acts."""
    member = staff_member(services.store, staff_id)
    return Actor(ActorKind.STAFF, member.id, member.institution_id, member.branch, "127.0.0.1")


def invited(services: Services, staff_id: str, actor: Actor, now: datetime) -> str:
    """The token of a fresh invitation."""
    return invite_staff(services, InviteStaffCommand(staff_id, actor), now).path.removeprefix(INVITATION_PATH)


def accept(services: Services, token: str, key: SoftAuthenticator, now: datetime, name: str = "鍵") -> str:
    """Make a passkey on the page of a link."""
    options = invitation_options(services, token, now)
    command = AcceptInvitationCommand(token, options.challenge, key.make(options.json), name, "127.0.0.1")
    return accept_invitation(services, command, now).staff_id


def account(services: Services, staff_id: str, now: datetime) -> StaffAccount:
    """What the pages show of somebody."""
    return staff_account(services, "dual", staff_id, IDLE_LIMIT[SessionKind.STAFF], now)


def acts(services: Services) -> list[tuple[str, str]]:
    """Every audited act with its result."""
    with services.store.read() as tx:
        return [(row.act, row.result) for row in tx.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_a_link_makes_one_passkey_within_an_hour(
    services: Services, teller: Staff, boss: Actor, now: datetime
) -> None:
    token = invited(services, teller.id, boss, now)
    assert invited_member(services.store, token, now) == staff_member(services.store, teller.id)
    assert account(services, teller.id, now).invited_until == now + timedelta(hours=1)
    late = now + timedelta(hours=1)
    assert invited_member(services.store, token, late) is None
    with pytest.raises(NotFound):
        invitation_options(services, token, late)
    assert accept(services, token, SoftAuthenticator(), late - timedelta(seconds=1)) == teller.id
    with pytest.raises(NotFound):
        accept(services, token, SoftAuthenticator(), now)
    assert [line.passkeys for line in staff_lines(services.store, "dual") if line.member.id == teller.id] == [1]


def test_what_goes_wrong_leaves_the_link_good(
    services: Services, teller: Staff, boss: Actor, now: datetime
) -> None:
    token = invited(services, teller.id, boss, now)
    with pytest.raises(PasskeyRefused) as refused:
        accept(services, token, SoftAuthenticator(verified=False), now)
    assert refused.value.fault is PasskeyFault.NOT_VERIFIED
    with pytest.raises(BadInput):
        accept(services, token, SoftAuthenticator(), now, name=" ")
    assert accept(services, token, SoftAuthenticator(), now) == teller.id


def test_a_new_link_voids_the_one_before(services: Services, teller: Staff, boss: Actor, now: datetime) -> None:
    old = invited(services, teller.id, boss, now)
    new = invited(services, teller.id, boss, now)
    assert invited_member(services.store, old, now) is None
    assert token_shows_nowhere(services, teller, new, now)


def token_shows_nowhere(services: Services, teller: Staff, token: str, now: datetime) -> bool:
    """Neither in a repr nor in the audit."""
    command = AcceptInvitationCommand(token, b"", "", "", "")
    made = invite_staff(services, InviteStaffCommand(teller.id, SYSTEM), now)
    with services.store.read() as tx:
        facts = str([row.facts for row in tx.scalars(select(AuditEntry))])
    return token not in repr(command) + facts and made.path not in repr(made)


def test_nobody_invites_themselves_or_a_stranger(services: Services, boss: Actor, now: datetime) -> None:
    with pytest.raises(WrongState):
        invited(services, boss.id, boss, now)
    with pytest.raises(NotFound):
        invited(services, new_staff(services, now, institution_id="other"), boss, now)
    with pytest.raises(NotFound):
        invited(services, "0" * 32, SYSTEM, now)


def test_shutting_out_takes_link_and_sessions_at_once(
    services: Services, teller: Staff, boss: Actor, now: datetime
) -> None:
    give_passkey(services, teller.id, now)
    token = invited(services, teller.id, boss, now)
    session = session_of(services, teller.id, now)
    disable_staff(services, DisableStaffCommand("dual", teller.id, boss), now)
    assert find_session(services, SessionKind.STAFF, session, now) is None
    assert invited_member(services.store, token, now) is None
    with pytest.raises(NotFound):
        invited(services, teller.id, boss, now)
    with pytest.raises(WrongState):
        disable_staff(services, DisableStaffCommand("dual", teller.id, boss), now)
    enable_staff(services, EnableStaffCommand("dual", teller.id, boss), now)
    assert invited_member(services.store, token, now) is None
    assert len(account(services, teller.id, now).passkeys) == 1
    with pytest.raises(WrongState):
        enable_staff(services, EnableStaffCommand("dual", teller.id, boss), now)
    for institution, staff_id in (("other", teller.id), ("dual", "0" * 32)):
        with pytest.raises(NotFound):
            disable_staff(services, DisableStaffCommand(institution, staff_id, boss), now)
        with pytest.raises(NotFound):
            enable_staff(services, EnableStaffCommand(institution, staff_id, boss), now)
    with pytest.raises(WrongState):
        disable_staff(services, DisableStaffCommand("dual", boss.id, boss), now)


def test_the_last_passkey_is_given_up_only_by_somebody_else(
    services: Services, teller: Staff, boss: Actor, now: datetime
) -> None:
    for _ in range(2):
        give_passkey(services, teller.id, now)
    self = actor_of(services, teller.id)
    first, second = (key.id for key in account(services, teller.id, now).passkeys)
    remove_passkey(services, RemovePasskeyCommand(teller.id, first, self), now)
    with pytest.raises(WrongState):
        remove_passkey(services, RemovePasskeyCommand(teller.id, second, self), now)
    with pytest.raises(NotFound):
        remove_passkey(services, RemovePasskeyCommand(teller.id, first, self), now)
    with pytest.raises(NotFound):
        remove_passkey(services, RemovePasskeyCommand(boss.id, second, self), now)
    remove_passkey(services, RemovePasskeyCommand(teller.id, second, boss), now)
    with services.store.read() as tx:
        assert tx.scalars(select(Passkey)).all() == []


def test_with_a_passkey_go_the_sessions_of_whoever_has_it(
    services: Services, teller: Staff, boss: Actor, now: datetime
) -> None:
    for _ in range(3):
        give_passkey(services, teller.id, now)
    first, second, _ = (key.id for key in account(services, teller.id, now).passkeys)
    mine, thiefs = (session_of(services, teller.id, now) for _ in range(2))
    bosses = session_of(services, boss.id, now)

    def living() -> list[bool]:
        return [find_session(services, SessionKind.STAFF, raw, now) is not None for raw in (mine, thiefs, bosses)]

    own = RemovePasskeyCommand(teller.id, first, actor_of(services, teller.id), hash_of(mine).hex())
    remove_passkey(services, own, now)
    assert living() == [True, False, True]
    remove_passkey(services, RemovePasskeyCommand(teller.id, second, boss), now)
    assert living() == [False, False, True]


def test_a_session_is_ended_from_elsewhere(services: Services, teller: Staff, boss: Actor, now: datetime) -> None:
    session, other = (session_of(services, teller.id, now) for _ in range(2))
    (line, _) = account(services, teller.id, now).sessions
    assert (line.origin, line.since) == ("127.0.0.1", now)
    for name, actor in (
        ("zz", boss),
        ("00", boss),
        (line.name, actor_of(services, new_staff(services, now, institution_id="other"))),
    ):
        with pytest.raises(NotFound):
            end_staff_session(services, EndStaffSessionCommand(teller.id, name, actor), now)
    end_staff_session(services, EndStaffSessionCommand(teller.id, line.name, boss), now)
    alive = [find_session(services, SessionKind.STAFF, raw, now) is not None for raw in (session, other)]
    assert sorted(alive) == [False, True]
    assert account(services, teller.id, now + timedelta(minutes=15)).sessions == ()


def test_a_step_up_kills_the_old_name_and_lengthens_nothing(
    services: Services, teller: Staff, now: datetime
) -> None:
    old, actor = session_of(services, teller.id, now), actor_of(services, teller.id)
    for minutes in range(14, 12 * 60, 14):
        later = now + timedelta(minutes=minutes)
        new = renew_session(services, old, actor, later)
        assert find_session(services, SessionKind.STAFF, old, later) is None
        assert new is not None
        old = new
    view = find_session(services, SessionKind.STAFF, old, now + timedelta(hours=12, seconds=-1))
    assert view is not None
    assert view.proved_at == later
    assert find_session(services, SessionKind.STAFF, old, now + timedelta(hours=12)) is None
    assert renew_session(services, "gone", actor, now) is None


@pytest.fixture
def fallback(services: Services, teller: Staff, boss: Actor, now: datetime) -> tuple[str, Token]:
    """The teller's number and token; the password is PASSWORD."""
    number = prepare_fallback(services, PrepareFallbackCommand(teller.id, USER_ID, boss), now)
    set_staff_password(services, SetStaffPasswordCommand(PASSWORD, actor_of(services, teller.id)), now)
    with services.store.read() as tx:
        holder = tx.scalars(select(Customer).where(Customer.user_id == USER_ID)).one()
    return number, give_token(services, holder, now)


def check(services: Services, number: str, password: str, otp: str, now: datetime) -> str | None:
    """What the page of the fallback does."""
    return check_fallback(services, CheckFallbackCommand(number, password, otp, "127.0.0.1"), now)


def test_number_password_and_code_of_ones_own_token_let_in(
    services: Services, teller: Staff, fallback: tuple[str, Token], now: datetime
) -> None:
    number, token = fallback
    code = token.code(now)
    assert check(services, number, PASSWORD, code, now) == teller.id
    assert check(services, number, PASSWORD, code, now) is None  # used once
    later = now + timedelta(minutes=2)
    claim = CheckFallbackCommand("", PASSWORD, token.code(later), "127.0.0.1", teller.id)
    assert check_fallback(services, claim, later) == teller.id
    told = account(services, teller.id, now).fallback
    assert told is not None
    assert (told.number, told.user_id, told.has_password, told.locked) == (number, USER_ID, True, False)


def test_wrong_passwords_lock_and_touch_no_token(
    services: Services, teller: Staff, boss: Actor, fallback: tuple[str, Token], now: datetime
) -> None:
    number, token = fallback
    limit = services.institution("dual").failure_limit
    for _ in range(limit):
        assert check(services, number, "wrong but long", token.code(now), now) is None
    assert check(services, number, PASSWORD, token.code(now), now + timedelta(days=365)) is None
    told = account(services, teller.id, now).fallback
    assert told is not None
    assert (told.locked, told.token) == (True, CredentialState.ACTIVE)
    unlock_fallback(services, UnlockFallbackCommand(teller.id, boss), now)
    assert check(services, number, PASSWORD, token.code(now), now) == teller.id


def test_wrong_codes_suspend_as_everybodys(
    services: Services, teller: Staff, fallback: tuple[str, Token], now: datetime
) -> None:
    number, token = fallback
    for otp in ("", "12345", "abcdefgh"):  # not counted
        assert check(services, number, PASSWORD, otp, now) is None
    for _ in range(services.institution("dual").failure_limit):
        assert check(services, number, PASSWORD, token.wrong(now), now) is None
    assert check(services, number, PASSWORD, token.code(now), now) is None
    told = account(services, teller.id, now).fallback
    assert told is not None
    assert (told.locked, told.token) == (False, CredentialState.SUSPENDED)


def test_strangers_and_the_disabled_are_refused_alike(
    services: Services, teller: Staff, boss: Actor, fallback: tuple[str, Token], now: datetime
) -> None:
    number, token = fallback
    for guessed in ("00000000", "", "' OR 1=1"):
        for password in (PASSWORD, ""):
            assert check(services, guessed, password, token.code(now), now) is None
    with services.store.read() as tx:
        guesses = tx.scalars(select(AuditEntry).where(AuditEntry.act == "check_staff_password")).all()
    assert {(one.result, one.actor_id, one.origin) for one in guesses} == {("refused", "", "127.0.0.1")}
    assert len(guesses) == 6, "whoever tries numbers is in the log"
    disable_staff(services, DisableStaffCommand("dual", teller.id, boss), now)
    assert check(services, number, PASSWORD, token.code(now), now) is None


def test_the_fallback_is_prepared_by_another_and_once(
    services: Services, teller: Staff, boss: Actor, customer_a: Customer, now: datetime
) -> None:
    for staff_id, user_id, refusal in (
        (teller.id, "not a user ID", BadInput),
        (teller.id, customer_a.user_id, AlreadyTaken),
        (boss.id, USER_ID, WrongState),
        (new_staff(services, now, institution_id="other"), USER_ID, NotFound),
    ):
        with pytest.raises(refusal):
            prepare_fallback(services, PrepareFallbackCommand(staff_id, user_id, boss), now)
    prepare_fallback(services, PrepareFallbackCommand(teller.id, USER_ID, boss), now)
    with pytest.raises(WrongState):
        prepare_fallback(services, PrepareFallbackCommand(teller.id, "999800009002", boss), now)
    with pytest.raises(NotFound):
        set_staff_password(services, SetStaffPasswordCommand(PASSWORD, boss), now)
    with pytest.raises(NotFound):
        unlock_fallback(services, UnlockFallbackCommand("0" * 32, boss), now)


def test_the_last_passkey_may_go_where_the_fallback_is_ready(
    services: Services, teller: Staff, fallback: tuple[str, Token], now: datetime
) -> None:
    give_passkey(services, teller.id, now)
    (key,) = account(services, teller.id, now).passkeys
    remove_passkey(services, RemovePasskeyCommand(teller.id, key.id, actor_of(services, teller.id)), now)
    assert account(services, teller.id, now).passkeys == ()


def test_the_password_is_kept_as_a_slow_hash(
    services: Services, teller: Staff, fallback: tuple[str, Token], now: datetime
) -> None:
    with services.store.read() as tx:
        kept = tx.get_one(StaffFallback, teller.id)
    assert (kept.password_hash or "").startswith("$argon2id$")
    assert PASSWORD not in repr(SetStaffPasswordCommand(PASSWORD, SYSTEM))
    assert PASSWORD not in repr(CheckFallbackCommand("1", PASSWORD, "12345678", ""))
