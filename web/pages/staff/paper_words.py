"""Paper requests in words: what they are for, how their bearer was identified, what came of them."""

from __future__ import annotations

from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from provisioning.rules.papers import IdentityCheck, PaperAct, PaperKind, PaperState
from web.wording import StateWords

KINDS: Final[dict[PaperKind, LazyString]] = {
    PaperKind.FORGOTTEN_RELEASE: _l("利用解除をせずに機種変更"),
    PaperKind.SUSPENSION: _l("利用停止の解除"),
    PaperKind.PHONE_GONE: _l("スマートフォン・フォブの故障・紛失"),
    PaperKind.ISSUE_RESTRICTION: _l("発行規制の解除"),
    PaperKind.MAIL_ADDRESS: _l("メール通知パスワードを受信できない"),
}
CHECKS: Final[dict[IdentityCheck, LazyString]] = {
    IdentityCheck.PHOTO_ID: _l("顔写真のある本人確認書類（運転免許証、マイナンバーカードなど）"),
    IdentityCheck.TWO_DOCUMENTS: _l("顔写真のない本人確認書類を2点"),
    IdentityCheck.REGISTERED_SEAL: _l("お届け印の照合"),
}
STATES: Final[dict[PaperState, StateWords]] = {
    PaperState.OPEN: StateWords("attention", _l("手続き待ち")),
    PaperState.DONE: StateWords("active", _l("手続き済み")),
    PaperState.REFUSED: StateWords("danger", _l("お断り")),
}
ACTS: Final[dict[PaperAct, LazyString]] = {
    PaperAct.END_AS_RELEASED: _l("トークンを終了する（利用解除）"),
    PaperAct.END_AS_REVOKED: _l("トークンを終了する（失効）"),
    PaperAct.END_AS_LOST: _l("トークンを終了する（紛失）"),
    PaperAct.LIFT_SUSPENSION: _l("利用停止を解除する"),
    PaperAct.LIFT_RESTRICTION: _l("発行規制を解除する"),
    PaperAct.STOP_MAIL_PASSWORD: _l("メール通知パスワードの利用をやめる"),
    PaperAct.NOTHING_LEFT: _l("することは残っていない（電話などで済んでいる）"),
}
DONE: Final[dict[PaperAct, LazyString]] = {
    PaperAct.END_AS_RELEASED: _l("トークンを終了しました（利用解除）"),
    PaperAct.END_AS_REVOKED: _l("トークンを終了しました（失効）"),
    PaperAct.END_AS_LOST: _l("トークンを終了しました（紛失）"),
    PaperAct.LIFT_SUSPENSION: _l("利用停止を解除しました"),
    PaperAct.LIFT_RESTRICTION: _l("発行規制を解除しました"),
    PaperAct.STOP_MAIL_PASSWORD: _l("メール通知パスワードの利用を止めました"),
    PaperAct.NOTHING_LEFT: _l("することは残っていませんでした"),
}
