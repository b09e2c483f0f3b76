"""Every page on which a secret is typed or shown, as data: who goes where, types what, and what comes of it.

On the way the secret is wrong once and right once, so that refusals, errors and successes are all seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urljoin

from provisioning.institutions import load_institutions
from provisioning.jobs.add_payee import AddPayeeCommand, add_payee
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.jobs.invite_staff import INVITATION_PATH, InviteStaffCommand, invite_staff
from provisioning.jobs.staff_fallback import PrepareFallbackCommand, prepare_fallback
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.approval import ApprovalRules, ApprovedAct
from provisioning.rules.company import CompanyRole
from provisioning.rules.institution import Institution
from provisioning.rules.money_transfer import Account
from provisioning.rules.permissions import StaffRole
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.states import CredentialState, EndReason
from provisioning.store.tables import Credential, Customer
from tests.company.conftest import found_company
from tests.core.papers import ON_PAPER
from tests.fixtures.addresses import text_of
from tests.fixtures.mail_passwords import codes_in, use_mail_password
from tests.fixtures.people import CONFIRMATION_PASSWORD, PASSWORD, add_customer, add_fob
from tests.fixtures.services import DUAL
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down
from tests.fixtures.tokens import Token, give_token
from tests.ground.canary_watch import TYPED, Watch
from tests.portal.visitor import Visitor
from tests.staff import rows
from tests.staff.passkey_steps import options

USER_ID: Final = "999800000071"
STAFF_PASSWORD: Final = "カナリアの鳴く坑道 2026"


@dataclass
class Scene:
    """Whoever is there. `names` stand for the {…} of the steps."""

    watch: Watch
    names: dict[str, str] = field(default_factory=dict)
    browsers: dict[str, Visitor] = field(default_factory=dict)
    keys: dict[str, SoftAuthenticator] = field(default_factory=dict)
    token: Token | None = None
    mailed: str = ""

    def browser(self, whose: str) -> Visitor:
        """Theirs; a new one where they have none."""
        return self.browsers.setdefault(whose, Visitor(self.watch.app))

    def customer(
        self, state: CredentialState | None = CredentialState.ACTIVE, institution: str = "dual"
    ) -> Customer:
        """A customer of their own, with a token in that state."""
        made = add_customer(self.watch.services, USER_ID, institution, transfer_limit_yen=1_000_000)
        self.names |= {"customer": made.id, "login": made.login_id}
        if state is not None:
            self.hold(give_token(self.watch.services, made, self.watch.clock(), state))
        return made

    def hold(self, token: Token) -> None:
        """Codes are this token's from now on."""
        self.token = token
        self.names["token"] = token.credential_id
        self.watch.secrets.add(token.seed)

    def suspend(self, token: Token) -> None:
        """As after too many wrong codes."""
        with self.watch.services.store.read() as tx:
            rows.suspend(self.watch.services, tx.get_one(Credential, token.credential_id), self.watch.clock())

    def staff(self, role: StaffRole, whose: str = "") -> str:
        """Somebody of the staff, signed in, with a passkey."""
        services, now = self.watch.services, self.watch.clock()
        staff_id = new_staff(services, now, role)
        self.keys[whose] = give_passkey(services, staff_id, now)
        session = session_of(services, staff_id, now)
        self.watch.secrets.add(session.encode())
        sit_down(self.browser(whose), session)
        return staff_id


Typed = str | Callable[[Scene, str], str]
"""What is typed, or how it is found in this scene by whom."""
NEW_ADDRESS: Final[dict[str, Typed]] = dict.fromkeys(("mail_address", "mail_address_again"), "canary@mine.example")


@dataclass(frozen=True)
class Step:
    """A form is filled in and sent; then the page says `shows`.

    `to`: its address, from where one is. `at`: the page that it stands on; "": where one is. `by`: whose browser.
    `after_s`: so long after the step before. `keeps`: what the page that follows is called from then on.
    """

    to: str
    typed: Mapping[str, Typed]
    shows: str
    at: str = ""
    by: str = ""
    after_s: int = 0
    keeps: str = ""

    def go(self, scene: Scene) -> Visitor:
        """Do it; the browser is where it leads."""
        browser = scene.browser(self.by)
        scene.watch.clock.advance(seconds=self.after_s)
        if self.at:
            browser.get(self.at.format(**scene.names))
        to = urljoin(browser.path, self.to.format(**scene.names))
        browser.submit(to, **{name: self._value(scene, typed) for name, typed in self.typed.items()})
        if self.keeps:
            scene.names[self.keeps] = browser.path
        return browser

    def _value(self, scene: Scene, typed: Typed) -> str:
        return typed.format(**scene.names) if isinstance(typed, str) else typed(scene, self.by)


@dataclass(frozen=True)
class Walk:
    """Who is there, and what they do."""

    set_up: Callable[[Scene], object]
    steps: tuple[Step, ...]
    institution: Institution = DUAL


def code(scene: Scene, _: str) -> str:
    """What the token shows a minute later; used once."""
    assert scene.token is not None
    scene.watch.clock.advance(minutes=1)
    shown = scene.token.code(scene.watch.clock())
    scene.watch.secrets.add(shown.encode())
    return shown


def next_code(scene: Scene, _: str) -> str:
    """The one after that."""
    assert scene.token is not None
    shown = scene.token.code(scene.watch.clock(), 1)
    scene.watch.secrets.add(shown.encode())
    return shown


def mailed(scene: Scene, _: str) -> str:
    """The newest password by mail."""
    found = codes_in([text_of(mail) for mail in scene.watch.deliver()])
    scene.mailed = found[-1] if found else scene.mailed
    scene.watch.mailed.add(scene.mailed.encode())
    return scene.mailed


def mistyped(scene: Scene, whose: str) -> str:
    """Another than the one that has come."""
    mailed(scene, whose)
    return TYPED["mail_password"]


def signed(path: str) -> Callable[[Scene, str], str]:
    """A passkey's signature over what the server asks there."""
    return lambda scene, whose: scene.keys[whose].sign(options(scene.browser(whose), path.format(**scene.names)))


def made(scene: Scene, whose: str) -> str:
    """A new passkey."""
    return scene.keys[whose].make(options(scene.browser(whose), "/staff/welcome/options"))


def _logs_in(institution: str, shows: str = "BLG002") -> tuple[Step, ...]:
    page = f"/portal/sign-in/{institution}"
    login: dict[str, Typed] = {"login_id": "{login}"}
    return (
        Step(page, login | {"password": TYPED["password"]}, "正しくありません", at=page),
        Step(page, login | {"password": PASSWORD}, shows),
    )


_GIVES_CODE: Final = (
    Step("/portal/sign-in-code", {"otp": TYPED["otp"]}, "確認できませんでした"),
    Step("/portal/sign-in-code", {"otp": code}, "BTP001"),
)


def _company(scene: Scene) -> None:
    house = found_company(scene.watch.services)
    users = [house.add(role, f"MIHON000{n}") for n, role in enumerate((*CompanyRole, CompanyRole.GENERAL), 1)]
    house.equip(*users)
    house.suspend(users[0])
    scene.names |= {user.user_id: house.token(user) for user in users} | {"login": users[1].login_id}
    scene.hold(house.tokens[users[1].id])
    scene.watch.secrets |= {token.seed for token in house.tokens.values()}


def _manages(part: str, user: str, shows: str) -> tuple[Step, ...]:
    page = f"/company/users/{part}/"
    wrong: dict[str, Typed] = {"users": user, "confirmation_password": TYPED["confirmation_password"]}
    right = wrong | {"confirmation_password": CONFIRMATION_PASSWORD}
    return (Step(page, wrong, "確認用パスワードが正しくありません", at=page), Step(page, right, shows, at=page))


def _without_token(scene: Scene) -> None:
    scene.names["login"] = found_company(scene.watch.services).add(CompanyRole.GENERAL, "MIHON0009").login_id


def _by_mail(scene: Scene) -> None:
    use_mail_password(scene.watch.services, scene.customer(None))


def _payee(scene: Scene) -> None:
    customer = scene.customer()
    account = Account("見本銀行", "本店", "1234567", "ミホン ハナコ")
    command = AddPayeeCommand("dual", customer.id, account, SYSTEM)
    scene.names["payee"] = add_payee(scene.watch.services, command, scene.watch.clock())


def _with_fob(scene: Scene) -> None:
    customer = scene.customer(None)
    scene.hold(
        give_token(
            scene.watch.services, customer, scene.watch.clock(), fob=add_fob(scene.watch.services, "KF0000001")
        )
    )
    scene.staff(StaffRole.TELLER)


def _on_paper(scene: Scene) -> None:
    scene.customer()
    assert scene.token is not None
    scene.suspend(scene.token)
    scene.staff(StaffRole.TELLER)


def _invited(scene: Scene) -> None:
    services, now = scene.watch.services, scene.watch.clock()
    path = invite_staff(services, InviteStaffCommand(new_staff(services, now), SYSTEM), now).path
    scene.names["link"] = path.removeprefix(INVITATION_PATH)
    scene.watch.secrets.add(scene.names["link"].encode())
    scene.keys[""] = SoftAuthenticator()


def _with_fallback(scene: Scene) -> None:
    services, now = scene.watch.services, scene.watch.clock()
    staff_id = scene.staff(StaffRole.TELLER)
    boss = Actor(ActorKind.STAFF, new_staff(services, now, StaffRole.ADMINISTRATOR), "dual", "本店", "127.0.0.1")
    scene.names["number"] = prepare_fallback(services, PrepareFallbackCommand(staff_id, USER_ID, boss), now)
    with services.store.read() as tx:
        holder = tx.query(Customer).where(Customer.user_id == USER_ID).one()
    scene.hold(give_token(services, holder, now, CredentialState.SET_UP))
    scene.watch.secrets.add(STAFF_PASSWORD.encode())


def _lost(scene: Scene) -> None:
    scene.customer()
    scene.staff(StaffRole.TELLER)
    command = EndTokenCommand("dual", scene.names["token"], EndReason.LOST, SYSTEM)
    end_token(scene.watch.services, command, scene.watch.clock())
    scene.staff(StaffRole.APPROVER, "approver")


_ASKED: Final = replace(DUAL, asks_otp_at=tuple(OtpPurpose), mail_password=True)
_TWO: Final = replace(DUAL, approval=ApprovalRules((ApprovedAct.REISSUE,)), reissue_next_day=False)
_MAIL, _CHECKS = "/portal/mail-password/", "/portal/mail-password/check"
_PAYEE: Final = {
    "payee": "other",
    "bank": "例題銀行",
    "branch": "東支店",
    "account_number": "7654321",
    "holder": "レイダイ ジロウ",
    "amount_yen": "10,000",
}
_PAPERS: Final = "/staff/customers/{customer}/requests/new"
_RESYNC: Final = "/staff/customers/{customer}/resync"
_SOFT: Final = "/staff/customers/{customer}/soft/"
_PIN: Final[dict[str, Typed]] = {
    name: TYPED[name] for name in ("activation_password", "activation_password_again")
}
_OUT: Final = Step("/staff/sign-in/out", {}, "サインイン", at="/staff/account/")
_OWN_PASSWORD: Final[Mapping[str, Typed]] = {"password": STAFF_PASSWORD, "password_again": STAFF_PASSWORD}

WALKS: Final[dict[str, Walk]] = {
    "a company's administrator lifts, revokes and reports a loss": Walk(
        _company,
        (
            *_logs_in("corporate"),
            *_GIVES_CODE,
            *_manages("lift", "{MIHON0001}", "解除しました"),
            *_manages("revoke", "{MIHON0003}", "失効しました"),
            *_manages("loss", "{MIHON0004}", "紛失として失効しました"),
        ),
        load_institutions()["corporate"],
    ),
    "issued at login, on one page": Walk(
        _without_token,
        (
            *_logs_in("corporate", "BOT001"),
            Step("/portal/token/soft/", _PIN, "メールアドレスを入力してください"),
            Step("/portal/token/soft/", _PIN | NEW_ADDRESS, "BOK003"),
            Step("/portal/token/waiting/", {"otp": TYPED["otp"]}, "BOK003"),
        ),
        load_institutions()["corporate"],
    ),
    "activated and released": Walk(
        lambda scene: scene.customer(CredentialState.SET_UP),
        (
            *_logs_in("dual", "BTP001"),
            Step("", {"otp": TYPED["otp"]}, "確認できませんでした", at="/portal/token/activate/"),
            Step("", {"otp": code}, "BOK002"),
            Step(
                "",
                {"otp": code, "confirmation_password": TYPED["confirmation_password"]},
                "確認用パスワードが正しくありません",
                at="/portal/token/release/",
            ),
            Step("", {"otp": code, "confirmation_password": CONFIRMATION_PASSWORD}, "BOS002"),
        ),
    ),
    "passwords by mail are changed, and pay": Walk(
        _by_mail,
        (
            *_logs_in("dual", "BTP001"),
            Step("send", {}, "BMP001", at=_MAIL),
            Step(
                "",
                NEW_ADDRESS | {"use": "on", "mail_password": mistyped},
                "正しくありません",
            ),
            Step("", NEW_ADDRESS | {"use": "on", "mail_password": mailed}, "BMP002"),
            Step(
                "",
                {"mail_password": mistyped, "confirmation_password": CONFIRMATION_PASSWORD},
                "正しくありません",
            ),
            Step(
                "",
                {"mail_password": mailed, "confirmation_password": TYPED["confirmation_password"]},
                "正しくありません",
            ),
            Step("", {"mail_password": mailed, "confirmation_password": CONFIRMATION_PASSWORD}, "BMP003"),
            Step("", _PAYEE, "BTR002", at="/portal/transfer/"),
            Step("", {"mail_password": mistyped}, "正しくありません"),
            Step("", {"mail_password": mailed}, "BTR003"),
        ),
        _ASKED,
    ),
    "a transfer and a new address, with a code": Walk(
        _payee,
        (
            *_logs_in("dual"),
            *_GIVES_CODE,
            Step("", {"payee": "{payee}", "amount_yen": "10,000"}, "BTR002", at="/portal/transfer/"),
            Step("", {"otp": TYPED["otp"]}, "確認できませんでした"),
            Step("", {"otp": code}, "BTR003"),
            Step("", NEW_ADDRESS, "BCI002", at="/portal/information/"),
            Step(
                "",
                {"otp": code, "mail_password": mailed, "confirmation_password": TYPED["confirmation_password"]},
                "正しくありません",
            ),
            Step(
                "",
                {"otp": code, "mail_password": mailed, "confirmation_password": CONFIRMATION_PASSWORD},
                "BCI003",
            ),
        ),
        _ASKED,
    ),
    "papers at the counter": Walk(
        _on_paper,
        (
            Step(
                "",
                {"kind": "suspension", "form_number": "A-0001", "identity_check": "photo_id"},
                "書面を受け付けました",
                at=_PAPERS,
            ),
            Step("carry-out", {"act": "lift_suspension"}, "書面により、利用停止を解除しました"),
            Step(
                "",
                {"kind": "phone_gone", "form_number": "A-0002", "identity_check": "photo_id"},
                "書面を受け付けました",
                at=_PAPERS,
            ),
            Step("carry-out", {"act": "end_as_revoked"}, "書面により"),
        ),
        ON_PAPER["dual"],
    ),
    "two codes of a fob at the counter": Walk(
        _with_fob,
        (
            Step(
                "", {"first": TYPED["first"], "second": TYPED["second"]}, "2つの番号が続いていないか", at=_RESYNC
            ),
            Step("", {"first": code, "second": next_code}, "番号の同期が終わりました", at=_RESYNC),
        ),
    ),
    "an invitation, and a passkey": Walk(
        _invited,
        (
            Step("open", {"token": "{link}"}, "パスキーを登録します", at="/staff/welcome/"),
            Step("", {"name": "鍵", "response": TYPED["password"]}, "パスキー"),
            Step("", {"name": "鍵", "response": made}, "窓口 花子"),
            _OUT,
            Step("", {"response": TYPED["password"]}, "サインインできませんでした", at="/staff/sign-in/"),
            Step("", {"response": signed("/staff/sign-in/options")}, "窓口 花子"),
        ),
    ),
    "the fallback, from its making to a step-up": Walk(
        _with_fallback,
        (
            Step("password", _OWN_PASSWORD, "パスワードを決めました", at="/staff/account/"),
            Step("token", {"otp": TYPED["otp"]}, "確認できませんでした"),
            Step("token", {"otp": code}, "トークンの利用を開始しました"),
            _OUT,
            Step(
                "",
                {"number": "{number}", "password": TYPED["password"], "otp": code},
                "どれかが違います",
                at="/staff/sign-in/fallback",
            ),
            Step("", {"number": "{number}", "password": STAFF_PASSWORD, "otp": code}, "窓口 花子"),
            Step("password", _OWN_PASSWORD, "もう一度入力してください", at="/staff/account/", after_s=301),
            Step("/staff/step-up/fallback", {"password": TYPED["password"], "otp": code}, "どれかが違います"),
            Step("/staff/step-up/fallback", {"password": STAFF_PASSWORD, "otp": code}, "サインインと端末"),
        ),
    ),
    "a soft token that an approver allows": Walk(
        _lost,
        (
            Step("", NEW_ADDRESS, "役席者に承認を依頼しました", at=_SOFT, keeps="request"),
            Step(
                "give",
                {"response": TYPED["password"]},
                "パスキーの署名を確かめられませんでした",
                at="{request}",
                by="approver",
            ),
            Step("give", {"response": signed("{request}options")}, "承認", by="approver"),
            Step("", NEW_ADDRESS, "利用開始パスワード", at=_SOFT),
            Step("", _PIN | {"activation_password_again": TYPED["code"]}, "一致していません"),
            Step("", _PIN, "SOT003"),
        ),
        _TWO,
    ),
}
