"""A memory image of a server that verifies, taken with every right on its account, holds no seed (R51).

Seeds are overwritten as soon as a code was judged. Data keys, which open nothing without the database, are
remembered for as long as the settings say.
"""

from __future__ import annotations

import time
from base64 import b32encode
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from provisioning import migrations
from provisioning.cli.compose import OPERATOR, build_services
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.settings_file import load_settings
from provisioning.store.vault import SealedSeed, SeedContext
from tests.fixtures.people import add_customer
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.ground.servers import serving
from tests.ground.settings_files import SETTINGS, write_settings
from tests.roles.memory_images import TRACEABLE, found_in, tree

TOKENS = 4
LIFE_S = 1
SETTINGS_HERE = SETTINGS.replace("[vault]", f"[vault]\ndata_key_life_s = {LIFE_S}").replace(
    "[server]", '[server]\nclock = "host"'
)


@dataclass(frozen=True)
class Bank:
    """Whoever sends codes to the server, and has the database and the vault, too."""

    services: Services
    http: httpx.Client
    server: int

    def send(self, token: Token, otp: str) -> str:
        """What is said of a code."""
        asked = {"service_id": "10112235", "user_id": token.user_id, "otp": otp}
        answer = self.http.post("/api/v1/verify", json=asked)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["outcome"])

    def image(self, needles: list[bytes]) -> int:
        """How often they stand in the memory of all its processes."""
        return sum(found_in(pid, needles) for pid in tree(self.server))

    def data_key(self, token: Token) -> bytes:
        """What the token's seed is sealed under."""
        assert self.services.opener is not None
        row = read_credential(self.services, token)
        assert row.sealed_seed is not None
        assert row.wrapped_key is not None
        assert row.kek_id is not None
        sealed = SealedSeed(row.sealed_seed, row.wrapped_key, row.kek_id)
        return self.services.opener.unwrap(sealed, SeedContext(row.institution_id, row.id, row.seed_version))


def now() -> datetime:
    return datetime.now(UTC)


def shapes(seed: bytes) -> list[bytes]:
    """A seed as it is, as text, and as HMAC has it (RFC 2104)."""
    pads = [bytes(byte ^ pad for byte in seed) for pad in (0x36, 0x5C)]
    return [seed, seed.hex().encode(), b32encode(seed).rstrip(b"="), *pads]


def test_no_seed_stays_in_the_memory_of_a_server_that_verifies(tmp_path: Path) -> None:
    file = write_settings(tmp_path, SETTINGS_HERE)
    settings = load_settings(file, ALL_ROLES)
    migrations.upgrade(settings.store.url)
    services = build_services(settings, ALL_ROLES)
    tokens = [give_token(services, add_customer(services, f"99980000000{n}"), now()) for n in range(TOKENS)]
    key = add_bank_client(services, AddBankClientCommand("dual", "host", OPERATOR), now()).key
    options = ("--role", "bank,verifier", "--workers", "1")
    with (
        serving(file, *options, command=TRACEABLE) as server,
        httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as http,
    ):
        bank = Bank(services, http, server.process.pid)
        _look(bank, tokens)
    services.store.close()


def _look(bank: Bank, tokens: list[Token]) -> None:
    seeds = [shape for token in tokens for shape in shapes(token.seed)]
    data_keys = [bank.data_key(token) for token in tokens]
    assert [bank.send(token, token.wrong(now())) for token in tokens] == ["refused"] * TOKENS
    assert [bank.send(token, token.code(now())) for token in tokens] == ["accepted"] * TOKENS
    assert bank.image(seeds) == 0
    assert bank.image(data_keys[-1:]) > 0, "the search does find what is there"
    time.sleep(LIFE_S)
    assert bank.http.get("/readyz").status_code == 200
    assert bank.image(data_keys) == 0
