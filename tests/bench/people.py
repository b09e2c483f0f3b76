"""Customers with working tokens, entered in bulk, and the codes that their tokens show."""

from __future__ import annotations

import hmac
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert

from provisioning.cli.compose import OPERATOR
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.rules.parameters import Algorithm, OtpType
from provisioning.rules.states import CredentialState, Slot, TokenKind
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, new_id
from provisioning.store.vault import SeedContext

INSTITUTION: Final = "dual"
PERIOD_S: Final = 60


@dataclass(frozen=True, slots=True)
class Token:
    """What a customer holds."""

    user_id: str
    seed: bytes = field(repr=False)

    def code(self, step: int) -> str:
        """RFC 4226 §5.3, written here once more: the measured program does not check itself."""
        digest = hmac.digest(self.seed, struct.pack(">Q", step), "sha1")
        at = digest[-1] & 0x0F
        return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**8:08d}"


def enter_people(services: Services, count: int) -> list[Token]:
    """`count` customers of the first institution, each with an active soft token."""
    now = datetime.now(UTC)
    tokens: list[Token] = []
    customers: list[dict[str, Any]] = []
    credentials: list[dict[str, Any]] = []
    for number in range(count):
        token = Token(f"{900000000000 + number}", secrets.token_bytes(20))
        customer_id = new_id()
        tokens.append(token)
        customers.append(_customer(token, customer_id, now))
        credentials.append(_credential(services, token, customer_id, now))
    with services.store.write_connection() as connection:
        connection.execute(insert(Customer), customers)
        connection.execute(insert(Credential), credentials)
    return tokens


def enter_customers(services: Services, count: int) -> list[str]:
    """User IDs of `count` customers who have no token yet."""
    now = datetime.now(UTC)
    tokens = [Token(f"{800000000000 + number}", b"") for number in range(count)]
    with services.store.write_connection() as connection:
        connection.execute(insert(Customer), [_customer(token, new_id(), now) for token in tokens])
    return [token.user_id for token in tokens]


def enter_bank(services: Services) -> str:
    """API key of a bank's system."""
    command = AddBankClientCommand(INSTITUTION, "bench", OPERATOR)
    return add_bank_client(services, command, datetime.now(UTC)).key


def fresh_codes(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Every token's code of this step and then of the next: each is good once, even if a step ends meanwhile."""
    step = int(datetime.now(UTC).timestamp()) // PERIOD_S
    for later in (0, 1):
        for token in tokens:
            yield token, token.code(step + later)


def _customer(token: Token, customer_id: str, now: datetime) -> dict[str, Any]:
    return {
        "id": customer_id,
        "institution_id": INSTITUTION,
        "branch": "本店",
        "login_id": token.user_id,
        "user_id": token.user_id,
        "name": "見本",
        "name_kana": "ミホン",
        "password_hash": "-",
        "password_failures": 0,
        "confirmation_hash": "-",
        "confirmation_failures": 0,
        "created_at": now,
    }


def _credential(services: Services, token: Token, customer_id: str, now: datetime) -> dict[str, Any]:
    credential_id = new_id()
    sealed = services.sealer.seal(token.seed, SeedContext(INSTITUTION, credential_id, 1))
    return {
        "id": credential_id,
        "institution_id": INSTITUTION,
        "customer_id": customer_id,
        "slot": Slot.CURRENT,
        "kind": TokenKind.SOFT,
        "state": CredentialState.ACTIVE,
        "otp_type": OtpType.TOTP,
        "algorithm": Algorithm.SHA1,
        "digits": 8,
        "period_s": PERIOD_S,
        "seed_version": 1,
        "sealed_seed": sealed.sealed_seed,
        "wrapped_key": sealed.wrapped_key,
        "kek_id": sealed.kek_id,
        "issued_at": now,
        "activate_by": now + timedelta(days=30),
        "activated_at": now,
    }
