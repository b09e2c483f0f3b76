"""Credential and fob live exactly as the model does, and only along the listed ways (R34)."""

from __future__ import annotations

import dataclasses
import itertools
import secrets
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import update

from provisioning.clock import ClockGuard
from provisioning.errors import AlreadyTaken, TooEarly, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.expire import expire_credentials
from provisioning.jobs.judge_code import Use
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Replacement
from provisioning.rules.parameters import OtpParameters
from provisioning.rules.states import (
    CREDENTIAL_MOVES,
    FOB_MOVES,
    CredentialState,
    EndedHow,
    FobState,
    Slot,
    TokenKind,
)
from provisioning.rules.verdict import Reason
from provisioning.services import Services
from provisioning.store.journal import move_fob
from provisioning.store.tables import Credential, Fob
from provisioning.store.vault import SeedContext
from tests.core.life_model import Life, One
from tests.fixtures.people import NOON, add_customer, add_fob
from tests.fixtures.tokens import Token

_NUMBERS = itertools.count(1)
_WRITTEN = (FobState.PROGRAMMING, FobState.PROGRAMMED, FobState.HANDED_OVER)


class LifeMachine(RuleBasedStateMachine):
    """One customer and one fob of the database that `services` names; other tokens are in apps."""

    services: Services

    @initialize(far=st.sampled_from([0, 1, 2, 3, 3, 4, 5, 5]), replaces=st.booleans())
    def begin(self, far: int, replaces: bool) -> None:
        number = next(_NUMBERS)
        replaces = replaces or far > 3
        how = Replacement.SUCCESSOR if replaces else Replacement.RELEASE_FIRST
        profile = dataclasses.replace(self.services.institution("dual"), replacement=how)
        self.services = dataclasses.replace(self.services, clock=ClockGuard(), institutions={"dual": profile})
        self.customer = add_customer(self.services, f"{number:012d}")
        self.fob_id = add_fob(self.services, f"KF{number:07d}").id
        self.life = Life(NOON, replaces)
        self.ids: dict[One, str] = {}
        self.tokens: dict[One, Token] = {}
        self.seen: dict[One, CredentialState] = {}
        # most of a life is reached only with a token in hand
        if far >= 1:
            self.issue(on_fob=True)
        if far >= 2:
            self.set_up()
        if far >= 3:
            self.type_code(Use.ACTIVATE, right=True)
        if far >= 4:
            self.issue(on_fob=False)
        if far >= 5:
            self.set_up()

    @rule(wait=st.sampled_from([timedelta(minutes=1), timedelta(hours=7), timedelta(days=1), timedelta(days=20)]))
    def time_passes(self, wait: timedelta) -> None:
        self.life.now += wait

    @precondition(lambda self: self.life.has_room())
    @rule(on_fob=st.booleans())
    def issue(self, on_fob: bool) -> None:
        on_fob = on_fob and self.life.fob is FobState.IN_STOCK
        try:
            credential_id = self._open(on_fob)
        except TooEarly:
            assert not self.life.may_issue()
        else:
            assert self.life.may_issue()
            self.ids[self.life.issue(on_fob=on_fob)] = credential_id

    @precondition(lambda self: not self.life.has_room())
    @rule()
    def issue_one_too_many(self) -> None:
        with pytest.raises(AlreadyTaken), self.services.store.write() as tx:
            open_credential(tx, self.services, self.customer, TokenKind.SOFT, self.life.now, SYSTEM)

    @precondition(lambda self: any(one.state is CredentialState.ISSUED for one in self.life.open_ones))
    @rule()
    def set_up(self) -> None:
        one = next(one for one in self.life.open_ones if one.state is CredentialState.ISSUED)
        self.tokens[one] = self._put_seed(one)
        one.state = CredentialState.SET_UP
        if one.on_fob:
            self.life.fob = FobState.HANDED_OVER

    @precondition(lambda self: self.tokens)
    @rule(use=st.sampled_from(Use), right=st.sampled_from([True, True, False]))
    def type_code(self, use: Use, right: bool) -> None:
        typed = self._code(use, right=right)
        expected = self.life.type_code(use, right=right)
        assert self._type(use, typed) == expected

    @precondition(lambda self: self.life.successor is not None and self.life.successor in self.tokens)
    @rule()
    def change_over(self) -> None:
        self.time_passes(timedelta(minutes=1))
        self.type_code(Use.ACTIVATE, right=True)

    @precondition(lambda self: len(self.life.open_ones) == 2)
    @rule(use=st.sampled_from(Use))
    def type_the_code_of_the_other_one(self, use: Use) -> None:
        asked = self.life.asked(use)
        others = [self.tokens[one] for one in self.life.open_ones if one is not asked and one in self.tokens]
        for other in others:
            expected = self.life.type_code(use, right=False)
            assert self._type(use, other.code(self.life.now)) == expected

    @precondition(lambda self: self.tokens)
    @rule(use=st.sampled_from([Use.VERIFY, Use.ACTIVATE]))
    def guess_until_suspended(self, use: Use) -> None:
        for _ in range(6):
            self.type_code(use, right=False)

    @precondition(lambda self: self.ids)
    @rule(newest=st.booleans())
    def lift(self, newest: bool) -> None:
        one = list(self.ids)[-1 if newest else 0]
        command = LiftSuspensionCommand("dual", self.ids[one], SYSTEM)
        try:
            lift_suspension(self.services, command, self.life.now)
        except WrongState:
            assert one.state is not CredentialState.SUSPENDED
        else:
            one.lift()

    @precondition(lambda self: self.life.open_ones)
    @rule(how=st.sampled_from([EndedHow.REVOKED, EndedHow.LOST, EndedHow.CANCELLED]), newest=st.booleans())
    def revoke(self, how: EndedHow, newest: bool) -> None:
        one = self.life.open_ones[-1 if newest else 0]
        revoke(self.services, RevokeCommand("dual", self.ids[one], how, SYSTEM), self.life.now)
        self.life.end(one, how)

    @precondition(lambda self: self.life.current is not None and not self.life.current.is_open)
    @rule()
    def end_twice(self) -> None:
        assert self.life.current is not None
        command = RevokeCommand("dual", self.ids[self.life.current], EndedHow.LOST, SYSTEM)
        with pytest.raises(WrongState):
            revoke(self.services, command, self.life.now)

    @rule()
    def expire(self) -> None:
        self.life.now += timedelta(minutes=1)  # what ends at one instant has no order
        expire_credentials(self.services, self.life.now)
        for one in reversed(self.life.open_ones):
            if one.is_overdue(self.life.now):
                self.life.end(one, EndedHow.EXPIRED)

    @precondition(lambda self: not any(one.on_fob for one in self.life.open_ones))
    @rule()
    def take_back_and_erase(self) -> None:
        if self.life.fob in {FobState.HANDED_OVER, FobState.LOST, FobState.RETURNED}:
            with self.services.store.write() as tx:
                if self.life.fob is not FobState.RETURNED:
                    move_fob(tx, self.fob_id, FobState.RETURNED, SYSTEM, self.life.now)
                move_fob(tx, self.fob_id, FobState.IN_STOCK, SYSTEM, self.life.now)
            self.life.fob = FobState.IN_STOCK

    @invariant()
    def the_database_says_the_same(self) -> None:
        life = self.life
        with self.services.store.read() as tx:
            assert tx.get_one(Fob, self.fob_id).state is life.fob
            rows = {one: tx.get_one(Credential, credential_id) for one, credential_id in self.ids.items()}
        for one, row in rows.items():
            assert (row.state, row.resume_state, row.failures) == (one.state, one.resume, one.failures)
            assert (row.ended_how, row.last_step) == (one.ended_how, one.last_minute)
            has_seed = one.state not in (CredentialState.ISSUED, CredentialState.ENDED)
            assert (row.sealed_seed is not None, row.kek_id is not None) == (has_seed, has_seed)
            if one.is_open:
                assert row.slot is (Slot.SUCCESSOR if one is life.successor else Slot.CURRENT)

    @invariant()
    def only_listed_ways_are_taken(self) -> None:
        for one in self.ids:
            before = self.seen.get(one, one.state)
            assert one.state is before or one.state in CREDENTIAL_MOVES[before]
            self.seen[one] = one.state

    def _open(self, on_fob: bool) -> str:
        with self.services.store.write() as tx:
            if not on_fob:
                arguments = (self.customer, TokenKind.SOFT, self.life.now, SYSTEM)
                return open_credential(tx, self.services, *arguments).id
            move_fob(tx, self.fob_id, FobState.RESERVED, SYSTEM, self.life.now)
            hard = (self.customer, TokenKind.HARD, self.life.now, SYSTEM, self.fob_id)
            return open_credential(tx, self.services, *hard).id

    def _put_seed(self, one: One) -> Token:
        credential_id, seed = self.ids[one], secrets.token_bytes(20)
        sealed = self.services.sealer.seal(seed, SeedContext("dual", credential_id, 1))
        values = {"sealed_seed": sealed.sealed_seed, "wrapped_key": sealed.wrapped_key, "kek_id": sealed.kek_id}
        with self.services.store.write() as tx:
            for state in _WRITTEN if one.on_fob else ():
                move_fob(tx, self.fob_id, state, SYSTEM, self.life.now)
            written = update(Credential).where(Credential.id == credential_id)
            tx.execute(written.values(**values, seed_version=1, state=CredentialState.SET_UP))
        customer = self.customer
        return Token("dual", customer.user_id, customer.id, credential_id, OtpParameters(), seed)

    def _code(self, use: Use, *, right: bool) -> str:
        """Of the token that is asked; of any that there was, where none is."""
        asked = self.life.asked(use)
        token = self.tokens.get(asked) if asked is not None else None
        token = token or next(iter(self.tokens.values()))
        return token.code(self.life.now) if right else token.wrong(self.life.now)

    def _type(self, use: Use, otp: str) -> Reason | None:
        services, user, now = self.services, self.customer.user_id, self.life.now
        if use is Use.RELEASE:
            return release(services, ReleaseCommand("dual", user, otp, None, SYSTEM), now).reason
        if use is Use.ACTIVATE:
            return activate(services, ActivateCommand("dual", user, otp, SYSTEM), now).reason
        return verify(services, VerifyCommand("dual", user, otp, SYSTEM), now).reason


def test_credential_and_fob_live_as_the_model(services: Services) -> None:
    machine = type("Machine", (LifeMachine,), {"services": services})
    # the database outlives the examples: each has a customer and a fob of its own
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=50,
            stateful_step_count=25,
            # a failing example is told as it is: shrinking one takes minutes
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


def test_ended_is_for_ever_and_every_state_is_listed() -> None:
    assert set(CREDENTIAL_MOVES) == set(CredentialState)
    assert set(FOB_MOVES) == set(FobState)
    assert CREDENTIAL_MOVES[CredentialState.ENDED] == frozenset()
    assert all(CredentialState.ENDED in ways for state, ways in CREDENTIAL_MOVES.items() if ways)
