"""Every page on which a secret is typed or shown, as data: who goes where, types what, and what comes of it.

On the way the secret is wrong once and right once, so that refusals, errors and successes are all seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from provisioning.institutions import load_institutions
from provisioning.rules.approval import ApprovalRules, ApprovedAct
from provisioning.rules.institution import Institution
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.states import CredentialState
from tests.core.papers import ON_PAPER
from tests.fixtures.people import CONFIRMATION_PASSWORD, PASSWORD
from tests.fixtures.services import DUAL
from tests.ground import canary_scenes as scenes
from tests.ground.canary_steps import (
    NEW_ADDRESS,
    STAFF_PASSWORD,
    Step,
    Typed,
    Walk,
    code,
    made,
    mailed,
    mistyped,
    next_code,
    signed,
)
from tests.ground.canary_watch import TYPED


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


def _manages(part: str, user: str, shows: str) -> tuple[Step, ...]:
    page = f"/company/users/{part}/"
    wrong: dict[str, Typed] = {"users": user, "confirmation_password": TYPED["confirmation_password"]}
    right = wrong | {"confirmation_password": CONFIRMATION_PASSWORD}
    return (Step(page, wrong, "確認用パスワードが正しくありません", at=page), Step(page, right, shows, at=page))


def _corporate() -> Institution:
    return load_institutions()["corporate"]


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
        scenes.company,
        (
            *_logs_in("corporate"),
            *_GIVES_CODE,
            *_manages("lift", "{MIHON0001}", "解除しました"),
            *_manages("revoke", "{MIHON0003}", "失効しました"),
            *_manages("loss", "{MIHON0004}", "紛失として失効しました"),
        ),
        _corporate,
    ),
    "issued at login, on one page": Walk(
        scenes.without_token,
        (
            *_logs_in("corporate", "BOT001"),
            Step("/portal/token/soft/", _PIN, "メールアドレスを入力してください"),
            Step("/portal/token/soft/", _PIN | NEW_ADDRESS, "BOK003"),
            Step("/portal/token/waiting/", {"otp": TYPED["otp"]}, "BOK003"),
        ),
        _corporate,
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
        scenes.by_mail,
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
        lambda: _ASKED,
    ),
    "a transfer and a new address, with a code": Walk(
        scenes.payee,
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
        lambda: _ASKED,
    ),
    "papers at the counter": Walk(
        scenes.on_paper,
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
        lambda: ON_PAPER["dual"],
    ),
    "two codes of a fob at the counter": Walk(
        scenes.with_fob,
        (
            Step(
                "", {"first": TYPED["first"], "second": TYPED["second"]}, "2つの番号が続いていないか", at=_RESYNC
            ),
            Step("", {"first": code, "second": next_code}, "番号の同期が終わりました", at=_RESYNC),
        ),
    ),
    "an invitation, and a passkey": Walk(
        scenes.invited,
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
        scenes.with_fallback,
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
        scenes.lost,
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
        lambda: _TWO,
    ),
}
