"""Fobs of a maker: their file, and what their displays show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from sqlalchemy import select

from provisioning.jobs.fob_acts import FobCommand
from provisioning.jobs.import_pskc import ImportPskcCommand, import_pskc
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, TypedProof, prove_typed_code
from provisioning.jobs.reserve_fob import ReservedFob, ReserveFobCommand, reserve_fob
from provisioning.pskc.ciphers import Passphrase
from provisioning.pskc.keys import PskcKey
from provisioning.pskc.writer import write_pskc
from provisioning.rules.actor import Actor
from provisioning.rules.otp import code_at, step_at
from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Credential, Customer, Fob, ImportedSeed

PASSPHRASE = Passphrase("seeds of the maker")
ITERATIONS = 1_000
HOTP = OtpParameters(OtpType.HOTP, period_s=0)


def key(serial: str, otp: OtpParameters | None = None, **more: object) -> PskcKey:
    """A key whose seed follows from its serial number."""
    otp = otp or OtpParameters()
    seed = (serial.encode() * 64)[: otp.seed_bytes]
    return replace(PskcKey(1, "Acme", serial, "C200", otp, seed), **more)  # type: ignore[arg-type]


def shown(made: PskcKey, now: datetime, later: int = 0) -> str:
    """What the fob's display shows."""
    if made.otp.otp_type is OtpType.HOTP:
        return code_at(made.seed, made.otp, made.next_counter + later)
    return code_at(made.seed, made.otp, step_at(now, made.otp.period_s) + made.drift_steps + later)


@dataclass
class Drawer:
    """The books of institution `dual`, where fobs of a maker come in."""

    services: Services
    teller: Actor
    customer: Customer
    now: datetime

    def command(self, data: bytes, institution_id: str = "dual") -> ImportPskcCommand:
        """An import of a file of ours."""
        return ImportPskcCommand(institution_id, "本店", data, PASSPHRASE, self.teller)

    def take(self, *keys: PskcKey) -> None:
        """Import them."""
        command = self.command(write_pskc(keys, PASSPHRASE, ITERATIONS))
        assert import_pskc(self.services, command, self.now).count == len(keys)

    def fob(self, serial: str) -> Fob:
        """Its row."""
        with self.services.store.read() as session:
            return session.scalars(select(Fob).where(Fob.serial == serial)).one()

    def fobs(self) -> list[str]:
        """Serial numbers of everything in the books."""
        with self.services.store.read() as session:
            return list(session.scalars(select(Fob.serial).order_by(Fob.serial)))

    def seeds(self) -> int:
        """How many seeds of makers are kept."""
        with self.services.store.read() as session:
            return len(session.scalars(select(ImportedSeed.fob_id)).all())

    def reserve(self, serial: str) -> ReservedFob:
        """For the customer."""
        command = ReserveFobCommand("dual", self.customer.id, self.fob(serial).id, self.teller)
        return reserve_fob(self.services, command, self.now)

    def prove(self, reserved: ReservedFob, code: str) -> TypedProof:
        """The teller types a code."""
        command = ProveTypedCodeCommand("dual", reserved.job_id, code, self.teller)
        return prove_typed_code(self.services, command, self.now)

    def of_fob(self, serial: str) -> FobCommand:
        """An act on the fob."""
        return FobCommand("dual", self.fob(serial).id, self.teller)

    def credential(self, credential_id: str) -> Credential:
        """As it stands."""
        with self.services.store.read() as session:
            return session.get_one(Credential, credential_id)

    def acts(self, act: str) -> list[AuditEntry]:
        """What the log says of one kind of act."""
        with self.services.store.read() as session:
            return list(session.scalars(select(AuditEntry).where(AuditEntry.act == act)))


@pytest.fixture
def drawer(services: Services, teller_actor: Actor, customer_a: Customer, now: datetime) -> Drawer:
    """Customer A, the teller, and no fob yet."""
    return Drawer(services, teller_actor, customer_a, now)
