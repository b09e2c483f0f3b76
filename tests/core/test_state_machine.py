"""Credential and fob live exactly as the model does, and only along the listed ways (R34)."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import replace
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
from provisioning.jobs.verify import Reason, VerifyCommand, verify
from provisioning.rules.parameters import OtpParameters
from provisioning.rules.states import CREDENTIAL_MOVES, FOB_MOVES, CredentialState, EndedHow, FobState, TokenKind
from provisioning.services import Services
from provisioning.store.audit import SYSTEM
from provisioning.store.journal import move_fob
from provisioning.store.tables import Credential, Fob
from provisioning.store.vault import SeedContext
from tests.core.life_model import Life
from tests.fixtures.people import NOON, add_customer, add_fob
from tests.fixtures.tokens import Token

_NUMBERS = itertools.count(1)
_WRITTEN = (FobState.PROGRAMMING, FobState.PROGRAMMED, FobState.HANDED_OVER)


class LifeMachine(RuleBasedStateMachine):
    """One customer and one fob of the database that `services` names."""

    services: Services

    @initialize(far=st.integers(0, 3))
    def begin(self, far: int) -> None:
        number = next(_NUMBERS)
        self.services = replace(self.services, clock=ClockGuard())
        self.customer = add_customer(self.services, f"{number:012d}")
        self.fob_id = add_fob(self.services, f"KF{number:07d}").id
        self.life = Life(NOON)
        self.token: Token | None = None
        self.credential_id: str | None = None
        self.seen: tuple[str, CredentialState] | None = None
        # most of a life is reached only with a token in hand
        if far >= 1:
            self.issue()
        if far >= 2:
            self.write_and_prove()
        if far >= 3:
            self.type_code(Use.ACTIVATE, right=True)

    @rule(wait=st.sampled_from([timedelta(minutes=1), timedelta(hours=7), timedelta(days=1), timedelta(days=20)]))
    def time_passes(self, wait: timedelta) -> None:
        self.life.now += wait

    @precondition(lambda self: self.life.fob is FobState.IN_STOCK and not self.life.is_open)
    @rule()
    def issue(self) -> None:
        try:
            self._open()
        except TooEarly:
            assert not self.life.may_issue()
        else:
            assert self.life.may_issue()
            self.life.issue()

    @precondition(lambda self: self.life.is_open)
    @rule()
    def issue_a_second_one(self) -> None:
        with pytest.raises(AlreadyTaken), self.services.store.write() as tx:
            open_credential(tx, self.services, self.customer, TokenKind.SOFT, self.life.now, SYSTEM)

    @precondition(lambda self: self.life.state is CredentialState.ISSUED)
    @rule()
    def write_and_prove(self) -> None:
        self.token = self._put_seed()
        self.life.state, self.life.fob = CredentialState.SET_UP, FobState.HANDED_OVER

    @precondition(lambda self: self.token is not None)
    @rule(use=st.sampled_from(Use), right=st.sampled_from([True, True, False]))
    def type_code(self, use: Use, right: bool) -> None:
        expected = self.life.type_code(use, right=right)
        assert self._type(use, right=right) == expected

    @precondition(lambda self: self.token is not None)
    @rule(use=st.sampled_from([Use.VERIFY, Use.ACTIVATE]))
    def guess_until_suspended(self, use: Use) -> None:
        for _ in range(6):
            self.type_code(use, right=False)

    @precondition(lambda self: self.token is not None)
    @rule()
    def lift(self) -> None:
        assert self.token is not None
        command = LiftSuspensionCommand("dual", self.token.credential_id, SYSTEM)
        try:
            lift_suspension(self.services, command, self.life.now)
        except WrongState:
            assert self.life.state is not CredentialState.SUSPENDED
        else:
            self.life.lift()

    @precondition(lambda self: self.life.is_open)
    @rule(how=st.sampled_from([EndedHow.REVOKED, EndedHow.LOST, EndedHow.CANCELLED]))
    def revoke(self, how: EndedHow) -> None:
        revoke(self.services, RevokeCommand("dual", self._row().id, how, SYSTEM), self.life.now)
        self.life.end(how)

    @precondition(lambda self: self.life.state is CredentialState.ENDED)
    @rule()
    def end_twice(self) -> None:
        command = RevokeCommand("dual", self._row().id, EndedHow.LOST, SYSTEM)
        with pytest.raises(WrongState):
            revoke(self.services, command, self.life.now)

    @rule()
    def expire(self) -> None:
        expire_credentials(self.services, self.life.now)
        if self.life.overdue:
            self.life.end(EndedHow.EXPIRED)

    @precondition(lambda self: not self.life.is_open)
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
        if life.state is None:
            return
        row = self._row()
        assert (row.state, row.resume_state, row.failures) == (life.state, life.resume, life.failures)
        assert (row.ended_how, row.last_step) == (life.ended_how, life.last_minute)
        has_seed = life.state not in (CredentialState.ISSUED, CredentialState.ENDED)
        assert (row.sealed_seed is not None, row.kek_id is not None) == (has_seed, has_seed)

    @invariant()
    def only_listed_ways_are_taken(self) -> None:
        if self.credential_id is None:
            return
        state = self._row().state
        if self.seen is not None and self.seen[0] == self.credential_id and self.seen[1] is not state:
            assert state in CREDENTIAL_MOVES[self.seen[1]]
        self.seen = (self.credential_id, state)

    def _open(self) -> None:
        with self.services.store.write() as tx:
            move_fob(tx, self.fob_id, FobState.RESERVED, SYSTEM, self.life.now)
            arguments = (self.customer, TokenKind.HARD, self.life.now, SYSTEM, self.fob_id)
            self.credential_id = open_credential(tx, self.services, *arguments).id

    def _put_seed(self) -> Token:
        credential_id, seed = self._row().id, secrets.token_bytes(20)
        sealed = self.services.sealer.seal(seed, SeedContext("dual", credential_id, 1))
        values = {"sealed_seed": sealed.sealed_seed, "wrapped_key": sealed.wrapped_key, "kek_id": sealed.kek_id}
        with self.services.store.write() as tx:
            for state in _WRITTEN:
                move_fob(tx, self.fob_id, state, SYSTEM, self.life.now)
            written = update(Credential).where(Credential.id == credential_id)
            tx.execute(written.values(**values, seed_version=1, state=CredentialState.SET_UP))
        customer = self.customer
        return Token("dual", customer.user_id, customer.id, credential_id, OtpParameters(), seed)

    def _type(self, use: Use, *, right: bool) -> Reason | None:
        assert self.token is not None
        services, user, now = self.services, self.customer.user_id, self.life.now
        otp = self.token.code(now) if right else self.token.wrong(now)
        if use is Use.RELEASE:
            return release(services, ReleaseCommand("dual", user, otp, None, SYSTEM), now).reason
        if use is Use.ACTIVATE:
            return activate(services, ActivateCommand("dual", user, otp, SYSTEM), now).reason
        return verify(services, VerifyCommand("dual", user, otp, SYSTEM), now).reason

    def _row(self) -> Credential:
        assert self.credential_id is not None
        with self.services.store.read() as tx:
            return tx.get_one(Credential, self.credential_id)


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
