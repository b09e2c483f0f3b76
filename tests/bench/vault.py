"""`kagiya bench vault`: codes verified with the key-encryption key in a file and inside a PKCS#11 token.

The job alone, in one thread, on SQLite, every code good and another customer's. *Warm*: every data key was
unwrapped before; *cold*: none was. The token is SoftHSM's; a real module takes longer, but what is warm asks none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from sqlalchemy import select

from provisioning import migrations
from provisioning.cli.compose import OPERATOR, build_services
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.roles import Role
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.settings_file import load_settings
from provisioning.store.data_keys import DataKeys
from provisioning.store.tables import Credential
from provisioning.store.vault import SealedSeed, SeedContext
from tests.bench.people import INSTITUTION, PERIOD_S, Token, enter_people
from tests.bench.servers import write_settings
from tests.fixtures.softhsm import configured, make_token
from tests.fixtures.vaults import halves_of

FILE: Final = "file"
TOKEN: Final = "token"
TOKENS: Final = 400
ROUNDS: Final = 5
"""Medians of so many; the two vaults take turns, so that both meet the same machine."""


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class VaultResult:
    """One kind of key. Microseconds a code, and a data key."""

    key: str
    verify_warm_us: float
    verify_cold_us: float
    unwrap_us: float


@dataclass
class _Bank:
    """Customers whose seeds are sealed to one vault."""

    name: str
    services: Services
    tokens: list[Token]
    minute: int = 0

    def verify(self, *, cold: bool) -> float:
        """Microseconds a code; each code is another customer's, and of another minute than the last round's."""
        assert self.services.opener is not None
        opener = self.services.opener
        services = replace(self.services, opener=replace(opener, data_keys=DataKeys())) if cold else self.services
        self.minute += 1
        at = datetime.now(UTC).timestamp() + self.minute * PERIOD_S
        now = datetime.fromtimestamp(at, UTC)
        codes = [(token.user_id, token.code(int(at) // PERIOD_S)) for token in self.tokens]
        return _each_us(codes, lambda one: _accepted(services, *one, now))

    def unwrap(self) -> float:
        """Microseconds a data key."""
        opener = self.services.opener
        assert opener is not None
        with self.services.store.read() as tx:
            rows = tx.scalars(select(Credential)).all()
        sealed = [
            (
                SealedSeed(row.sealed_seed or b"", row.wrapped_key or b"", row.kek_id or ""),
                SeedContext(INSTITUTION, row.id, row.seed_version),
            )
            for row in rows
        ]
        return _each_us(sealed, lambda one: opener.unwrap(*one))


def measure_vault(tokens: int = TOKENS, rounds: int = ROUNDS) -> list[VaultResult]:
    """Measure both on SQLite. Raises RuntimeError if a good code was not accepted."""
    with TemporaryDirectory(prefix="kagiya-bench-") as name, ExitStack() as open_now:
        folder = Path(name)
        banks = [open_now.enter_context(_bank(folder, kind, tokens)) for kind in (FILE, TOKEN)]
        for bank in banks:
            bank.verify(cold=False)
        warm = _in_turns(banks, rounds, lambda bank: bank.verify(cold=False))
        cold = _in_turns(banks, rounds, lambda bank: bank.verify(cold=True))
        unwrap = _in_turns(banks, rounds, _Bank.unwrap)
        return [VaultResult(bank.name, *numbers) for bank, *numbers in zip(banks, warm, cold, unwrap, strict=True)]


def _in_turns(banks: list[_Bank], rounds: int, measure: Callable[[_Bank], float]) -> list[float]:
    taken = [[measure(bank) for bank in banks] for _ in range(rounds)]
    return [round(median(of_bank), 1) for of_bank in zip(*taken, strict=True)]


@contextmanager
def _bank(folder: Path, kind: str, tokens: int) -> Iterator[_Bank]:
    settings = load_settings(write_settings(folder / kind, f"sqlite:///{kind}.db"), {Role.VERIFIER})
    migrations.upgrade(settings.store.url)
    with ExitStack() as open_now:
        services = build_services(settings, {Role.VERIFIER})
        open_now.callback(services.store.close)
        if kind == TOKEN:
            sealer, opener = halves_of(make_token(folder / "hsm").vault)
            assert opener.token is not None
            open_now.enter_context(configured(folder / "hsm"))
            open_now.callback(opener.token.close)
            services = replace(services, sealer=sealer, opener=opener)
        yield _Bank(kind, services, enter_people(services, tokens))


def _accepted(services: Services, user_id: str, code: str, now: datetime) -> None:
    if verify(services, VerifyCommand(INSTITUTION, user_id, code, OPERATOR), now).outcome is not Outcome.ACCEPTED:
        raise RuntimeError(user_id)


def _each_us(items: Sequence[Item], act: Callable[[Item], object]) -> float:
    """The median: what else the machine does now and then does not count."""
    taken = []
    for item in items:
        begun = time.perf_counter()
        act(item)
        taken.append((time.perf_counter() - begun) * 1e6)
    return median(taken)
