"""Codes and states in the words of the pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from provisioning.errors import InputFault
from provisioning.rules.company import CompanyRole
from provisioning.rules.institution import Institution, StateTexts, Text
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.states import CredentialState, TokenKind
from web.languages import language

_FIELDS: Final[dict[str, LazyString]] = {
    "login_id": _l("ログインID"),
    "password": _l("ログインパスワード"),
    "otp": _l("ワンタイムパスワード"),
    "mail_address": _l("メールアドレス"),
    "mail_address_again": _l("メールアドレス（確認用）"),
    "activation_password": _l("利用開始パスワード"),
    "activation_password_again": _l("利用開始パスワード（確認用）"),
    "confirmation_password": _l("確認用パスワード"),
    "mail_password": _l("メール通知パスワード"),
    "use": _l("メール通知パスワード利用有無"),
    "payee": _l("振込先"),
    "bank": _l("金融機関名"),
    "branch": _l("支店名"),
    "account_number": _l("口座番号"),
    "holder": _l("受取人名"),
    "amount_yen": _l("振込金額"),
}

_SPECIAL: Final[dict[tuple[str, str], LazyString]] = {
    ("otp", "not_digits"): _l(
        "ワンタイムパスワードは数字だけで入力してください。間違いの回数には数えていません。"
    ),
    ("otp", "wrong_length"): _l(
        "ワンタイムパスワードは表示されている桁数のとおりに入力してください。間違いの回数には数えていません。"
    ),
    ("otp", "wrong"): _l(
        "このワンタイムパスワードでは確認できませんでした。次の番号に変わるのを待って、新しい番号を入力してください。"
    ),
    ("otp", "app_not_set_up"): _l(
        "アプリの初期設定がまだ済んでいません。スマートフォンで初期設定をしてから、表示された番号を入力してください。間違いの回数には数えていません。"
    ),
    ("mail_address", "bad_form"): _l("メールアドレスを「名前@ドメイン」の形で、半角で入力してください。"),
    ("mail_address_again", "do_not_match"): _l(
        "メールアドレスが確認用と一致していません。もう一度お確かめください。"
    ),
    ("activation_password", "not_digits"): _l("利用開始パスワードは半角数字だけで入力してください。"),
    ("activation_password", "wrong_length"): _l("利用開始パスワードは4～8桁の数字で入力してください。"),
    ("activation_password", "too_simple"): _l(
        "同じ数字の繰り返しや続き番号は、推測されやすいため使えません。別の数字にしてください。"
    ),
    ("activation_password", "part_of_id"): _l(
        "サービスIDやユーザIDの一部は、推測されやすいため使えません。別の数字にしてください。"
    ),
    ("activation_password_again", "do_not_match"): _l(
        "利用開始パスワードが確認用と一致していません。もう一度入力してください。"
    ),
    ("activation_password", "run_out"): _l(
        "初期設定の期限が切れたか、間違いが続いたため、前の利用開始パスワードは使えません。"
        "新しい利用開始パスワードを決めてください。"
    ),
    ("confirmation_password", "wrong"): _l(
        "確認用パスワードが正しくありません。大文字と小文字の違いをお確かめください。"
    ),
    ("confirmation_password", "locked"): _l(
        "確認用パスワードの間違いが続いたため、ご利用を停止しています。取扱店へご連絡ください。"
    ),
    ("users", "missing"): _l("対象の利用者を選択してください。"),
    ("users", "wrong_length"): _l("一度に選べる利用者は200人までです。"),
    ("users", "bad_form"): _l("同じ利用者が二重に選択されています。もう一度選択してください。"),
    ("users", "not_offered"): _l("選択した利用者の中に、お客さまからは行えない方がいます。"),
    ("mail_address", "unchanged"): _l("いまのメールアドレスと同じです。変更後のアドレスを入力してください。"),
    ("mail_password", "not_digits"): _l("メール通知パスワードは半角数字だけで入力してください。"),
    ("mail_password", "wrong_length"): _l("メール通知パスワードは8桁の数字で入力してください。"),
    ("mail_password", "wrong"): _l(
        "メール通知パスワードが正しくありません。いちばん新しいメールの番号を入力してください。"
    ),
    ("mail_password", "locked"): _l(
        "メール通知パスワードの間違いが続いたため、ご利用を停止しています。取扱店へご連絡ください。"
    ),
    ("mail_password", "over"): _l(
        "使えるメール通知パスワードがありません。お送りしたメールを待つか、「メール通知パスワードの送信」の欄のボタンで、新しいものを送信してください。"
    ),
    ("payee", "missing"): _l("振込先を選択してください。"),
    ("use", "missing"): _l("メール通知パスワードを利用するかどうかを選択してください。"),
    ("account_number", "bad_form"): _l("口座番号は半角数字7桁で入力してください。"),
    ("amount_yen", "not_digits"): _l("振込金額は半角数字で入力してください。"),
    ("amount_yen", "bad_form"): _l("振込金額は1円以上10億円以下で入力してください。"),
    ("amount_yen", "over_limit"): _l(
        "振込・振替限度額を超えるため、お振込みできません。本日お振込みいただける残りの金額をご確認ください。"
    ),
    ("", "login_refused"): _l(
        "ログインIDまたはログインパスワードが正しくありません。大文字と小文字の違いをお確かめください。"
        "間違いが続くと、安全のためにログインを停止します。くり返し確認できないときは、お問い合わせください。"
    ),
    ("", "repeated"): _l(
        "同じ内容がすでに送信されていたため、二重には受け付けていません。現在の状態を表示しています。"
    ),
    ("", "unavailable"): _l(
        "ただいま確認できませんでした。お客さまの入力が間違っているのではありません。しばらくたってからお試しください。"
    ),
}


def fault(field: str, code: str) -> str:
    """Why a field's value was not taken, and what to type."""
    special = _SPECIAL.get((field, code), _SPECIAL.get(("", code)))  # what is nobody's mistake is of no field
    if special is not None:
        return str(special)
    name = str(_FIELDS.get(field, field))
    if code == InputFault.MISSING:
        return str(_("%(name)sを入力してください。", name=name))
    return str(_("%(name)sをご確認ください。この内容は受け付けられません。", name=name))


ROLES: Final[dict[CompanyRole, LazyString]] = {
    CompanyRole.MASTER: _l("マスターユーザ"),
    CompanyRole.ADMINISTRATOR: _l("管理者ユーザ"),
    CompanyRole.GENERAL: _l("一般ユーザ"),
}


@dataclass(frozen=True, slots=True)
class StateWords:
    """A state as a chip shows it."""

    look: str
    text: LazyString | str


KINDS: Final[dict[TokenKind, LazyString]] = {
    TokenKind.SOFT: _l("ソフトウェアトークン"),
    TokenKind.HARD: _l("ハードウェアトークン"),
}

_ASKED: Final[dict[OtpPurpose, LazyString]] = {
    OtpPurpose.LOGIN: _l("ログインのとき"),
    OtpPurpose.TRANSFER: _l("お振込みのとき"),
    OtpPurpose.INFORMATION: _l("お客さま登録情報の変更のとき"),
}

# the chip's look, and which of the institution's words it bears
_STATES: Final[dict[CredentialState | None, tuple[str, Callable[[StateTexts], Text]]]] = {
    None: ("", lambda texts: texts.none),
    CredentialState.ISSUED: ("progress", lambda texts: texts.issued),
    CredentialState.SET_UP: ("progress", lambda texts: texts.issued),
    CredentialState.ACTIVE: ("active", lambda texts: texts.active),
    CredentialState.SUSPENDED: ("danger", lambda texts: texts.suspended),
    CredentialState.ENDED: ("", lambda texts: texts.none),
}


def menu_names(institution: Institution) -> list[str]:
    """The menu entries that lead to BOP001, at least two: a heading and the entry under it."""
    names = [text.in_language(language()) for text in institution.menu_path]
    return names if len(names) > 1 else [*names, str(_("ワンタイムパスワード"))]


@dataclass(frozen=True, slots=True)
class NoteGroup:
    """Notes under one heading, which may be empty."""

    heading: str
    notes: list[str]


def note_groups(institution: Institution) -> list[NoteGroup]:
    """The notes of BOP001 under their headings, in order."""
    groups: list[NoteGroup] = []
    for note in institution.notes:
        if note.heading or not groups:
            groups.append(NoteGroup(note.heading.in_language(language()) if note.heading else "", []))
        groups[-1].notes.append(note.text.in_language(language()))
    return groups


def asked_when(institution: Institution) -> str:
    """Where a customer whose token is in use types a code."""
    return str(_("、")).join(str(_ASKED[purpose]) for purpose in institution.asks_otp_at)


def every(period_s: int) -> str:
    """How often a code by time changes."""
    return str(_("1分ごとに") if period_s == 60 else _("%(n)s秒ごとに", n=period_s))


def state(of: CredentialState | None, institution: Institution) -> StateWords:
    """登録状況 of screen BOP001 in the institution's words; None is a customer without a token."""
    look, words = _STATES[of]
    return StateWords(look, words(institution.states).in_language(language()))
