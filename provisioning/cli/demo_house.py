"""What a demonstration lives in: keys, database, people. Made once in its directory, found again ever after."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from provisioning import migrations
from provisioning.cli.compose import OPERATOR, build_services
from provisioning.cli.keys import make_keys
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.jobs.add_customer import AddCustomerCommand, add_customer
from provisioning.jobs.add_staff import AddStaffCommand, add_staff
from provisioning.jobs.make_sign_in_link import MakeSignInLinkCommand, make_sign_in_link
from provisioning.rules.permissions import StaffRole
from provisioning.rules.roles import ALL_ROLES
from provisioning.secret_files import read_key, read_public_key
from provisioning.services import Services
from provisioning.settings import (
    AppSettings,
    ClockSource,
    KeySettings,
    MailSettings,
    ServerSettings,
    Settings,
    StoreSettings,
    VaultSettings,
)

INSTITUTION: Final = "dual"
BRANCH: Final = "本店"


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """Somebody invented, with passwords that everybody may know."""

    login_id: str
    user_id: str
    name: str
    kana: str
    password: str = field(repr=False)
    confirmation_password: str = field(repr=False)


CUSTOMERS: Final = (
    DemoCustomer("hanako", "999800000001", "見本 花子", "ミホン ハナコ", "Sakura-2026", "Kakunin01"),
    DemoCustomer("taro", "999800000002", "見本 太郎", "ミホン タロウ", "Momiji-2026", "Kakunin02"),
    DemoCustomer("sachiko", "999800000003", "試験 幸子", "シケン サチコ", "Suzume-2026", "Kakunin03"),
    DemoCustomer("ichiro", "999800000004", "試験 一郎", "シケン イチロウ", "Hotaru-2026", "Kakunin04"),
    DemoCustomer("midori", "999800000005", "例題 みどり", "レイダイ ミドリ", "Tsubame-2026", "Kakunin05"),
    DemoCustomer("kenji", "999800000006", "例題 健二", "レイダイ ケンジ", "Kaede-2026", "Kakunin06"),
)

STAFF: Final = (
    ("窓口 あおい", StaffRole.TELLER),
    ("窓口 ひなた", StaffRole.TELLER),
    ("役席 つばさ", StaffRole.APPROVER),
    ("管理 しおん", StaffRole.ADMINISTRATOR),
    ("監査 かおる", StaffRole.AUDITOR),
)


@dataclass(frozen=True)
class House:
    """Everything behind the demonstration's server, and who lives there."""

    services: Services
    accounts: dict[str, Any]


def open_house(directory: Path, base_url: str, mail_port: int, clock: Callable[[], datetime]) -> House:
    """Find the house in `directory`, or make it. An unfinished one is made anew. Raises KagiyaError."""
    keys = directory / "keys"
    if not keys.exists():
        make_keys(keys)
    accounts_file = directory / "accounts.json"
    settings = _settings(directory, base_url, mail_port)
    if not accounts_file.exists():
        for leftover in directory.glob("kagiya.db*"):
            leftover.unlink()
        shutil.rmtree(directory / "station", ignore_errors=True)  # it was enrolled at the database that is gone
    migrations.upgrade(settings.store.url)
    services = build_services(settings, ALL_ROLES)
    if not accounts_file.exists():
        write_private(accounts_file, _people(services, clock()))
    return House(services, json.loads(accounts_file.read_bytes()))


def write_private(file: Path, value: Any) -> None:
    """Put one JSON document at `file` in one step, for its owner alone."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    fresh.replace(file)


def _settings(directory: Path, base_url: str, mail_port: int) -> Settings:
    def key(name: str) -> bytes:
        return read_key("demo", name, directory / "keys" / f"{name}.key")

    public_key = read_public_key("demo", "vault", directory / "keys" / "vault.pub")
    return Settings(
        store=StoreSettings(f"sqlite:///{directory.resolve() / 'kagiya.db'}"),
        vault=VaultSettings("demo", public_key, key("vault")),
        keys=KeySettings("demo", key("audit"), key("address"), key("tickets"), key("access")),
        mail=MailSettings(host="127.0.0.1", port=mail_port, starttls=False),
        server=ServerSettings(base_url=base_url, demo=True, clock=ClockSource.HOST),
        app=AppSettings(origin=base_url),
    )


def _people(services: Services, now: datetime) -> dict[str, Any]:
    """Enter everybody; what they sign in with is kept in the demonstration's own directory."""
    with ThreadPoolExecutor() as pool:  # password hashes take their time
        list(pool.map(lambda customer: _add_customer(services, customer, now), CUSTOMERS))
    client = AddBankClientCommand(INSTITUTION, "見本バンキング", OPERATOR)
    return {
        "bank_api_key": add_bank_client(services, client, now).key,
        "customers": [asdict(customer) for customer in CUSTOMERS],
        "staff": [_add_staff(services, name, role, now) for name, role in STAFF],
    }


def _add_customer(services: Services, who: DemoCustomer, now: datetime) -> None:
    command = AddCustomerCommand(
        INSTITUTION,
        BRANCH,
        who.login_id,
        who.user_id,
        who.name,
        who.password,
        who.confirmation_password,
        OPERATOR,
        who.kana,
        transfer_limit_yen=1_000_000,
    )
    add_customer(services, command, now)


def _add_staff(services: Services, name: str, role: StaffRole, now: datetime) -> dict[str, str]:
    staff_id = add_staff(services, AddStaffCommand(INSTITUTION, BRANCH, name, role, OPERATOR, demo=True), now)
    link = make_sign_in_link(services, MakeSignInLinkCommand(staff_id, OPERATOR), now)
    return {"name": name, "role": role.value, "path": link.path}
