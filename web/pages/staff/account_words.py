"""Signing in, in the words of the console."""

from __future__ import annotations

import re
from typing import Final

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from provisioning.rules.staff_proof import SignInProof
from web.pages.staff import words

PROOFS: Final[dict[SignInProof, LazyString]] = {
    SignInProof.PASSKEY: _l("パスキー"),
    SignInProof.FALLBACK: _l("パスワードとワンタイムパスワード"),
    SignInProof.DEMO: _l("デモのリンク"),
}
_PASSKEY_REFUSED: Final = _l(
    "このパスキーでは確認できませんでした。もう一度お試しください。"
    "何度試してもできないときは、システム管理者に連絡してください。"
)
_AGAIN: Final = _l("時間がたったか、別の画面で先に操作したため、確認できませんでした。もう一度お試しください。")
_FAULTS: Final[dict[tuple[str, str], LazyString]] = {
    ("", "passkey_too_late"): _AGAIN,
    ("", "passkey_challenge"): _AGAIN,
    ("", "passkey_not_verified"): _l(
        "パスキーの本人確認（PIN・指紋・顔）がされていません。本人確認のできるパスキーを使ってください。"
    ),
    ("", "passkey_known"): _l("このパスキーは、もう登録されています。"),
    ("", "passkey_too_many"): _l("登録できるパスキーは10個までです。使わないものを取り消してください。"),
    ("", "passkey_unconfirmed"): _l(
        "このパスキーは、まだ役席者の確認がすんでいません。パスキーを作った画面の確認番号を、役席者に見せてください。"
    ),
    ("", "fallback_refused"): _l(
        "サインインできませんでした。番号・パスワード・ワンタイムパスワードのどれかが違います。"
        "ワンタイムパスワードは、新しい番号に変わるのを待って入力してください。"
    ),
    ("", "unavailable"): _l("ただいま確認できません。システム担当へ連絡してください。"),
    ("passkey_name", "missing"): _l("パスキーの名前を入力してください。"),
    ("passkey_name", "bad_form"): _l("パスキーの名前は60文字以内で、改行を入れずに入力してください。"),
    ("staff_name", "missing"): _l("担当者の名前を入力してください。"),
    ("staff_name", "bad_form"): _l("担当者の名前は100文字以内で、改行を入れずに入力してください。"),
    ("role", "not_offered"): _l("役割を選んでください。"),
    ("user_id", "missing"): _l("ユーザIDを入力してください。"),
    ("user_id", "bad_form"): _l("この金融機関のユーザIDの形で入力してください。"),
    ("user_id", "already_taken"): _l("このユーザIDは、もう使われています。別のユーザIDを入力してください。"),
    ("password", "missing"): _l("パスワードを入力してください。"),
    ("password", "wrong_length"): _l("パスワードは12文字以上128文字以内で入力してください。"),
    ("password", "too_simple"): _l("同じ文字の繰り返しは使えません。文字の種類を増やしてください。"),
    ("password_again", "do_not_match"): _l("パスワードが確認用と一致していません。もう一度入力してください。"),
    ("otp", "wrong"): _l(
        "このワンタイムパスワードでは確認できませんでした。新しい番号に変わるのを待って入力してください。"
    ),
}
ACTS: Final[dict[str, LazyString]] = {
    "add_staff": _l("担当者を登録"),
    "invite_staff": _l("担当者の登録用リンクを発行"),
    "disable_staff": _l("担当者の利用を停止"),
    "enable_staff": _l("担当者の利用を再開"),
    "enrol_passkey": _l("パスキーを登録"),
    "confirm_passkey": _l("パスキーの持ち主を確認"),
    "remove_passkey": _l("パスキーを取消"),
    "use_passkey": _l("パスキーで本人確認"),
    "prepare_fallback": _l("予備のサインインを用意"),
    "set_staff_password": _l("予備のサインインのパスワードを決定"),
    "check_staff_password": _l("予備のサインインのパスワードを確認"),
    "unlock_fallback": _l("予備のサインインのロックを解除"),
    "make_demo_link": _l("デモのリンクを発行"),
    "follow_demo_link": _l("デモのリンクでサインイン"),
    "step_up": _l("大切な操作の前の本人確認"),
    "end_session": _l("ほかの端末をサインアウト"),
}
"""Audited acts about staff themselves, for `act_words.LINES`."""
NOTICES: Final[dict[str, LazyString]] = {
    "passkey_added": _l("パスキーを追加しました"),
    "passkey_removed": _l("パスキーを取り消しました"),
    "password_set": _l("パスワードを決めました"),
    "token_in_use": _l("トークンの利用を開始しました"),
    "session_ended": _l("サインアウトさせました"),
    "person_added": _l("担当者を登録しました。登録用リンクを発行して、ご本人に渡してください"),
    "person_disabled": _l("利用を止めました。サインイン中の画面も終わりました"),
    "person_enabled": _l("利用を再開しました"),
    "fallback_prepared": _l("予備のサインインを用意しました。トークンは、窓口でこのユーザIDに発行します"),
    "fallback_unlocked": _l("パスワードのロックを解除しました"),
}
# the more telling first: every browser claims to be some others, too
_BROWSERS: Final = (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "Mac"),
    ("Android", "Android"),
    ("Linux", "Linux"),
)


def fault(field: str, code: str) -> str:
    """Why something was refused, and what now."""
    own = _FAULTS.get((field, code))
    if own is None and code.startswith("passkey_"):
        return str(_PASSKEY_REFUSED)
    return words.fault(field, code) if own is None else str(own)


def browser(calls_itself: str) -> str:
    """A browser as people know it."""
    names = [_known(calls_itself, table) for table in (_BROWSERS, _SYSTEMS)]
    return " / ".join(name for name in names if name) or str(_("不明なブラウザ"))


def _known(text: str, table: tuple[tuple[str, str], ...]) -> str:
    return next((name for sign, name in table if re.search(re.escape(sign), text)), "")
