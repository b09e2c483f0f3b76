"""States and faults in the words of the staff console."""

from __future__ import annotations

from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from provisioning.rules.custody import Holder
from provisioning.rules.expiry import Expiry
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState, EndedHow, EndReason, FobState, JobKind, JobState, TokenKind
from provisioning.store.queries.mails import MailState
from provisioning.store.queries.stations import StationStatus
from provisioning.store.queries.timeline import StageName
from web import wording
from web.pages.staff.closing_words import COMPARTMENTS
from web.wording import StateWords

ROLES: Final[dict[StaffRole, LazyString]] = {
    StaffRole.TELLER: _l("窓口担当"),
    StaffRole.APPROVER: _l("役席者"),
    StaffRole.AUDITOR: _l("監査"),
    StaffRole.ADMINISTRATOR: _l("システム管理者"),
}

NO_TOKEN: Final = StateWords("", _l("トークンなし"))
_CREDENTIAL: Final[dict[CredentialState, StateWords]] = {
    CredentialState.ISSUED: StateWords("progress", _l("発行済み")),
    CredentialState.SET_UP: StateWords("progress", _l("利用開始待ち")),
    CredentialState.ACTIVE: StateWords("active", _l("利用中")),
    CredentialState.SUSPENDED: StateWords("danger", _l("利用停止")),
    CredentialState.ENDED: StateWords("", _l("終了")),
}
_ISSUED: Final[dict[TokenKind, StateWords]] = {
    TokenKind.SOFT: StateWords("progress", _l("初期設定待ち")),
    TokenKind.HARD: StateWords("progress", _l("書込み待ち")),
}
ENDED_HOW: Final[dict[EndedHow, LazyString]] = {
    EndedHow.RELEASED: _l("利用解除"),
    EndedHow.REVOKED: _l("失効"),
    EndedHow.EXPIRED: _l("期限切れ"),
    EndedHow.REPLACED: _l("交換"),
    EndedHow.LOST: _l("紛失"),
    EndedHow.CANCELLED: _l("取消"),
}
FOB: Final[dict[FobState, StateWords]] = {
    FobState.IN_STOCK: StateWords("active", _l("在庫")),
    FobState.IN_TRANSIT: StateWords("progress", _l("移送中")),
    FobState.RESERVED: StateWords("progress", _l("予約済み")),
    FobState.PROGRAMMING: StateWords("progress", _l("書込み中")),
    FobState.PROGRAMMED: StateWords("attention", _l("お渡し待ち")),
    FobState.HANDED_OVER: StateWords("", _l("お渡し済み")),
    FobState.IN_USE: StateWords("active", _l("利用中")),
    FobState.RETURNED: StateWords("attention", _l("返却（消去待ち）")),
    FobState.RETIRED: StateWords("", _l("廃棄")),
    FobState.LOST: StateWords("danger", _l("紛失")),
    FobState.BROKEN: StateWords("danger", _l("故障")),
}
EXPIRY: Final[dict[Expiry, StateWords]] = {
    Expiry.WITHIN_90_DAYS: StateWords("attention", _l("期限まで90日以内")),
    Expiry.WITHIN_30_DAYS: StateWords("danger", _l("期限まで30日以内")),
    Expiry.PAST: StateWords("danger", _l("期限切れ")),
}
"""Said beside the last day; nothing needs saying while it is far."""
HOLDER: Final[dict[Holder, LazyString]] = {
    Holder.BRANCH: _l("店"),
    Holder.IN_TRANSIT: _l("移送中"),
    Holder.CUSTOMER: _l("お客さま"),
    Holder.NOBODY: _l("だれも持っていない"),
}
JOB: Final[dict[JobState, StateWords]] = {
    JobState.QUEUED: StateWords("", _l("差し込み待ち")),
    JobState.WRITING: StateWords("progress", _l("書込み中")),
    JobState.WRITTEN: StateWords("attention", _l("照合待ち")),
    JobState.PROVED: StateWords("active", _l("照合済み")),
    JobState.FAILED: StateWords("danger", _l("失敗")),
    JobState.ABANDONED: StateWords("danger", _l("中断")),
}
JOB_KIND: Final[dict[JobKind, LazyString]] = {JobKind.PROGRAM: _l("書込み"), JobKind.ERASE: _l("消去")}
MAIL: Final[dict[MailState, StateWords]] = {
    MailState.QUEUED: StateWords("progress", _l("送信待ち")),
    MailState.SENDING: StateWords("progress", _l("送信中")),
    MailState.SENT: StateWords("active", _l("送信済み")),
    MailState.FAILED: StateWords("danger", _l("不達")),
    MailState.CANCELLED: StateWords("", _l("取消")),
}
# how a device is attached, by the name the station reports
TRANSPORT: Final[dict[str, LazyString]] = {
    "hid": _l("USB（HID）"),
    "serial": _l("シリアル"),
    "usb": _l("USB"),
}
STATION: Final[dict[StationStatus, StateWords]] = {
    StationStatus.INVITED: StateWords("attention", _l("登録待ち")),
    StationStatus.CONNECTED: StateWords("active", _l("接続中")),
    StationStatus.SILENT: StateWords("danger", _l("応答なし")),
    StationStatus.REVOKED: StateWords("", _l("取消済み")),
}
STAGE: Final[dict[StageName, LazyString]] = {
    StageName.APPLIED: _l("申込"),
    StageName.ISSUED: _l("発行"),
    StageName.WRITTEN: _l("書込み"),
    StageName.PROVED: _l("照合"),
    StageName.HANDED_OVER: _l("お渡し"),
    StageName.MAILED: _l("メール"),
    StageName.SET_UP: _l("初期設定"),
    StageName.ACTIVATED: _l("利用開始"),
    StageName.ENDED: _l("終了"),
}
REASONS: Final[dict[EndReason, LazyString]] = {
    EndReason.CUSTOMERS_WISH: _l("お客さまのご希望（利用解除）"),
    EndReason.CHANGE_OF_PHONE: _l("機種変更（利用解除）"),
    EndReason.LOST: _l("紛失"),
    EndReason.STOLEN: _l("盗難"),
    EndReason.BROKEN: _l("故障（失効）"),
    EndReason.SUSPICION: _l("不正利用の疑い（失効）"),
    EndReason.WRONGLY_ISSUED: _l("発行の誤り（取消）"),
}


def credential(kind: TokenKind | None, state: CredentialState | None) -> StateWords:
    """Where a customer's token stands; None is a customer without one."""
    if state is None or kind is None:
        return NO_TOKEN
    return _ISSUED[kind] if state is CredentialState.ISSUED else _CREDENTIAL[state]


_COUNTS: Final = {
    (one.value, code): _l("「%(where)s」の個数を半角数字で入力してください。ないときは0です。", where=where)
    for one, where in COMPARTMENTS.items()
    for code in ("missing", "not_digits", "bad_form")
}
_FAULTS: Final[dict[tuple[str, str], LazyString]] = {
    ("reason", "missing"): _l("理由を選んでください。"),
    ("objection", "missing"): _l("承認しない理由を入力してください。"),
    ("objection", "wrong_length"): _l("理由は200文字以内で入力してください。"),
    ("objection", "bad_form"): _l("理由に使えない文字があります。改行を除いて入力してください。"),
    ("refusal", "missing"): _l("お断りの理由を入力してください。"),
    ("refusal", "wrong_length"): _l("理由は200文字以内で入力してください。"),
    ("refusal", "bad_form"): _l("理由に使えない文字があります。改行を除いて入力してください。"),
    ("kind", "missing"): _l("何の手続きかを選んでください。"),
    ("kind", "not_offered"): _l("何の手続きかを選んでください。"),
    ("form_number", "missing"): _l("書面の番号を入力してください。"),
    ("form_number", "bad_form"): _l("書面の番号は、英数字とハイフンで32文字以内で入力してください。"),
    ("form_number", "do_not_match"): _l("この番号の書面は、もう受け付けています。用紙の番号をお確かめください。"),
    ("identity_check", "missing"): _l("本人確認の方法を選んでください。"),
    ("act", "missing"): _l("することを選んでください。"),
    ("act", "not_offered"): _l("することを選んでください。"),
    ("note", "wrong_length"): _l("メモは200文字以内で入力してください。"),
    ("note", "bad_form"): _l("メモに使えない文字があります。改行を除いて入力してください。"),
    ("serial", "missing"): _l("フォブを選ぶか、シリアル番号を入力してください。"),
    ("serial", "not_offered"): _l(
        "このシリアル番号のフォブは、この店の在庫にありません。背面の番号をご確認ください。"
    ),
    ("code", "missing"): _l("フォブに表示されている番号を入力してください。"),
    ("code", "not_digits"): _l("番号は数字だけで入力してください。間違いの回数には数えていません。"),
    ("code", "wrong_length"): _l(
        "番号は表示されている桁数のとおりに入力してください。間違いの回数には数えていません。"
    ),
    ("code", "do_not_match"): _l("番号が一致しません。次の番号に変わるのを待って、新しい番号を入力してください。"),
    ("first", "missing"): _l("1回目の番号を入力してください。"),
    ("first", "not_digits"): _l("1回目の番号は数字だけで入力してください。"),
    ("first", "wrong_length"): _l("1回目の番号は表示されている桁数のとおりに入力してください。"),
    ("second", "missing"): _l("2回目の番号を入力してください。"),
    ("second", "not_digits"): _l("2回目の番号は数字だけで入力してください。"),
    ("second", "wrong_length"): _l("2回目の番号は表示されている桁数のとおりに入力してください。"),
    ("second", "do_not_match"): _l(
        "2つの番号が続いていないか、前に使われた番号です。新しい番号が出るのを待って、続けて2回入力してください。"
    ),
    ("name", "missing"): _l("端末の名前を入力してください。"),
    ("name", "bad_form"): _l("端末の名前は100文字以内で、改行を入れずに入力してください。"),
    ("branch", "not_offered"): _l("店を選んでください。"),
    ("station", "not_offered"): _l("端末を選んでください。"),
    ("at_once", "not_offered"): _l("同時に書き込む数を選んでください。"),
    ("customers", "missing"): _l("お客さまを1人以上選んでください。"),
    ("customers", "wrong_length"): _l("一度にできるのは200人までです。"),
    ("to_branch", "not_offered"): _l("送り先の店を選んでください。"),
    ("serials", "missing"): _l("送るフォブの番号を入力してください。"),
    ("serials", "wrong_length"): _l("一度に送れるのは500個までです。"),
    ("serials", "not_offered"): _l("この店の在庫にない番号があります。確かめて直してください。"),
    ("scanned", "wrong_length"): _l("一度に読み取れるのは5000個までです。"),
    **_COUNTS,
    ("profile", "not_offered"): _l("種類を選んでください。"),
    ("lowest", "missing"): _l("はじめの番号を入力してください。"),
    ("lowest", "bad_form"): _l("番号は英大文字・数字・ハイフンで、数字で終わる形で入力してください。"),
    ("highest", "missing"): _l("終わりの番号を入力してください。"),
    ("highest", "bad_form"): _l("番号は英大文字・数字・ハイフンで、数字で終わる形で入力してください。"),
    ("highest", "do_not_match"): _l("はじめの番号と、記号や桁数をそろえてください。"),
    ("highest", "not_offered"): _l("終わりの番号がはじめの番号より前か、受け入れる番号がありません。"),
    ("highest", "wrong_length"): _l("一度に扱えるのは1000個までです。"),
    ("missing", "not_offered"): _l("この範囲の、在庫にない番号だけを入力してください。"),
    ("counted", "not_digits"): _l("数えた個数を半角数字で入力してください。"),
    ("counted", "do_not_match"): _l(
        "数えた個数と、受け入れる番号の数が違います。箱に入っていない番号がないか確かめてください。"
    ),
    ("packed", "not_digits"): _l("入れた個数を半角数字で入力してください。"),
    ("packed", "do_not_match"): _l(
        "入れた個数と、番号の数が違います。読み取っていないフォブがないか確かめてください。"
    ),
    ("arrived", "not_digits"): _l("届いた個数を半角数字で入力してください。"),
    ("arrived", "do_not_match"): _l(
        "届いた個数と、一覧の数が違います。届いていない番号がないか確かめてください。"
    ),
    ("not_arrived", "not_offered"): _l("移送中の一覧にない番号があります。確かめて直してください。"),
    ("last_day", "bad_form"): _l("使用期限を年月日で入力してください。"),
    ("last_day", "not_offered"): _l(
        "使用期限が過ぎています。日付を確かめてください。期限の切れたフォブは、廃棄として登録します。"
    ),
    ("user_ids", "not_offered"): _l("この店のお客さまでないユーザIDがあります。確かめて直してください。"),
    ("activation_password", "missing"): _l("利用開始パスワードを入力してください。"),
}


def fault(field: str, code: str) -> str:
    """Why a field's value was not taken, and what to type."""
    own = _FAULTS.get((field, code))
    return wording.fault(field, code) if own is None else str(own)


def reason(value: str) -> LazyString | str:
    """An EndReason as the audit row has it."""
    return REASONS[EndReason(value)] if value in set(EndReason) else value


def fob_state(value: str) -> LazyString | str:
    """A FobState as the audit row has it."""
    return FOB[FobState(value)].text if value in set(FobState) else value
