"""Who lives in the demonstration: invented people of every shipped institution; all may know their passwords."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from provisioning.cli.compose import OPERATOR
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.jobs.add_company import AddCompanyCommand, add_company
from provisioning.jobs.add_customer import AddCustomerCommand, add_customer
from provisioning.jobs.add_payee import AddPayeeCommand, add_payee
from provisioning.jobs.add_staff import AddStaffCommand, add_staff
from provisioning.jobs.make_demo_link import MakeDemoLinkCommand, make_demo_link
from provisioning.rules.company import CompanyRole
from provisioning.rules.money_transfer import Account
from provisioning.rules.permissions import StaffRole
from provisioning.services import Services

INSTITUTION: Final = "dual"
"""Where the desk with most of the fobs stands."""
WHERE_TWO_ISSUE: Final = "counter"
"""Another desk: its fobs are handed out by two people."""
BRANCH: Final = "本店"
"""Every shipped institution has it."""


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """Somebody invented."""

    institution: str
    login_id: str
    user_id: str
    name: str
    kana: str
    password: str = field(repr=False)
    confirmation_password: str = field(repr=False)
    company_role: CompanyRole | None = None


CUSTOMERS: Final = (
    DemoCustomer("dual", "hanako", "999800000001", "見本 花子", "ミホン ハナコ", "Sakura-2026", "Kakunin01"),
    DemoCustomer("dual", "taro", "999800000002", "見本 太郎", "ミホン タロウ", "Momiji-2026", "Kakunin02"),
    DemoCustomer("dual", "sachiko", "999800000003", "試験 幸子", "シケン サチコ", "Suzume-2026", "Kakunin03"),
    DemoCustomer("dual", "ichiro", "999800000004", "試験 一郎", "シケン イチロウ", "Hotaru-2026", "Kakunin04"),
    DemoCustomer("dual", "midori", "999800000005", "例題 みどり", "レイダイ ミドリ", "Tsubame-2026", "Kakunin05"),
    DemoCustomer("dual", "kenji", "999800000006", "例題 健二", "レイダイ ケンジ", "Kaede-2026", "Kakunin06"),
    DemoCustomer(
        "counter", "akari", "1234567890123ABC", "見本 あかり", "ミホン アカリ", "Akari-2026", "Kakunin11"
    ),
    DemoCustomer(
        "counter", "minoru", "1234567890124ABD", "例題 実", "レイダイ ミノル", "Minoru-2026", "Kakunin12"
    ),
    DemoCustomer(
        "mail-password", "sakura", "999820000001", "見本 さくら", "ミホン サクラ", "Haru-2026", "Kakunin21"
    ),
    DemoCustomer("mail-password", "jiro", "999820000002", "試験 次郎", "シケン ジロウ", "Natsu-2026", "Kakunin22"),
    DemoCustomer("limit-lowering", "kaoru", "999830000001", "見本 薫", "ミホン カオル", "Kaoru-2026", "Kakunin31"),
    DemoCustomer(
        "limit-lowering", "nozomi", "999830000002", "例題 望", "レイダイ ノゾミ", "Nozomi-2026", "Kakunin32"
    ),
)

PAYEE: Final = Account("見本中央銀行", "本店営業部", "1234567", "ミホン フドウサン（カ")
"""Registered by everybody, for the rent."""

_MASTER, _ADMINISTRATOR, _GENERAL = CompanyRole
COMPANY: Final = ("corporate", "株式会社見本商事", "カブシキガイシャミホンショウジ")
"""Institution, name and reading."""
COMPANY_USERS: Final = (
    DemoCustomer(
        "corporate", "master", "MIHON0001", "商事 まさる", "ショウジ マサル", "Master-2026", "Kakunin41", _MASTER
    ),
    DemoCustomer(
        "corporate",
        "kanri1",
        "MIHON0003",
        "商事 かんな",
        "ショウジ カンナ",
        "Kanna-2026",
        "Kakunin43",
        _ADMINISTRATOR,
    ),
    DemoCustomer(
        "corporate",
        "kanri2",
        "MIHON0004",
        "商事 りくと",
        "ショウジ リクト",
        "Rikuto-2026",
        "Kakunin44",
        _ADMINISTRATOR,
    ),
    DemoCustomer(
        "corporate", "ippan", "MIHON0002", "商事 いちこ", "ショウジ イチコ", "Ippan-2026", "Kakunin42", _GENERAL
    ),
    DemoCustomer(
        "corporate", "ippan2", "MIHON0005", "商事 はんな", "ショウジ ハンナ", "Hanna-2026", "Kakunin45", _GENERAL
    ),
)
"""The master first."""

STAFF: Final = (
    ("dual", "窓口 あおい", StaffRole.TELLER),
    ("dual", "窓口 ひなた", StaffRole.TELLER),
    ("dual", "役席 つばさ", StaffRole.APPROVER),
    ("dual", "管理 しおん", StaffRole.ADMINISTRATOR),
    ("dual", "監査 かおる", StaffRole.AUDITOR),
    ("counter", "窓口 はるか", StaffRole.TELLER),
    ("counter", "役席 ともり", StaffRole.APPROVER),
    ("mail-password", "窓口 みつき", StaffRole.TELLER),
    ("mail-password", "役席 なぎさ", StaffRole.APPROVER),
    ("limit-lowering", "窓口 ゆうき", StaffRole.TELLER),
    ("limit-lowering", "役席 いぶき", StaffRole.APPROVER),
    ("corporate", "窓口 ちひろ", StaffRole.TELLER),
)


def enter_people(services: Services, now: datetime) -> dict[str, Any]:
    """Enter everybody; what they sign in with, to be kept in the demonstration's own directory."""
    with ThreadPoolExecutor() as pool:  # password hashes take their time
        list(pool.map(lambda customer: _add_customer(services, customer, now), CUSTOMERS))
    _enter_company(services, now)
    return {
        "bank_api_key": add_bank_client(services, AddBankClientCommand(None, "見本バンキング", OPERATOR), now).key,
        "customers": [asdict(customer) for customer in CUSTOMERS + COMPANY_USERS],
        "staff": [_add_staff(services, *one, now) for one in STAFF],
    }


def institutions_first_desk(names: Iterable[str]) -> list[str]:
    """The institution whose desk is emulated comes first, the others by name."""
    return sorted(names, key=lambda name: (name != INSTITUTION, name))


def _enter_company(services: Services, now: datetime) -> None:
    company_id = add_company(services, AddCompanyCommand(*COMPANY[:2], OPERATOR, COMPANY[2]), now)
    for user in COMPANY_USERS:
        _add_customer(services, user, now, company_id)


def _add_customer(services: Services, who: DemoCustomer, now: datetime, company_id: str | None = None) -> None:
    command = AddCustomerCommand(
        who.institution,
        BRANCH,
        who.login_id,
        who.user_id,
        who.name,
        who.password,
        who.confirmation_password,
        OPERATOR,
        who.kana,
        transfer_limit_yen=1_000_000,
        company_id=company_id,
        company_role=who.company_role,
    )
    customer_id = add_customer(services, command, now)
    add_payee(services, AddPayeeCommand(who.institution, customer_id, PAYEE, OPERATOR), now)


def _add_staff(services: Services, institution: str, name: str, role: StaffRole, now: datetime) -> dict[str, str]:
    staff_id = add_staff(services, AddStaffCommand(institution, BRANCH, name, role, OPERATOR, demo=True), now)
    link = make_demo_link(services, MakeDemoLinkCommand(staff_id, OPERATOR), now)
    return {"institution": institution, "name": name, "role": role.value, "path": link.path}
