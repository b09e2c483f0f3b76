"""Which mail it is, and why it did not go out, in words where no mail server said so."""

from __future__ import annotations

from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from provisioning.rules.mail_fault import MailFault
from provisioning.rules.mail_kind import MailKind

KINDS: Final[dict[MailKind, LazyString]] = {
    MailKind.TOKEN_ISSUED: _l("トークン発行のご案内"),
    MailKind.TOKEN_ACTIVATED: _l("利用開始のお知らせ"),
    MailKind.TOKEN_RELEASED: _l("利用解除のお知らせ"),
    MailKind.TOKEN_REVOKED: _l("トークン失効のお知らせ"),
    MailKind.TOKEN_LOST: _l("トークン紛失のお知らせ"),
    MailKind.TOKEN_EXPIRED: _l("トークン期限切れのお知らせ"),
    MailKind.TOKEN_SUSPENDED: _l("利用停止のお知らせ"),
    MailKind.ADDRESS_CHANGED: _l("メールアドレス変更のお知らせ"),
    MailKind.MAIL_PASSWORD: _l("メール通知パスワード"),
    MailKind.MAIL_PASSWORD_STARTED: _l("メール通知パスワード利用開始のご案内"),
    MailKind.MAIL_PASSWORD_CHANGED: _l("メール通知パスワード利用変更完了のお知らせ"),
}
REPLY: Final[dict[str, LazyString]] = {
    MailFault.CONNECTION: _l("接続できません"),
    MailFault.TIMEOUT: _l("応答がありません"),
    MailFault.TLS: _l("暗号化できません"),
    MailFault.NOT_OFFERED: _l("必要な機能がありません"),
    MailFault.BAD_ADDRESS: _l("送れない形のアドレスです"),
    MailFault.TOO_LATE: _l("送る前に期限が過ぎました"),
    MailFault.NOT_COMPOSED: _l("鍵か金融機関の設定がありません"),
}


def reply_words(reply: str) -> str | LazyString:
    """A server's reply code as it is; what we found ourselves in words."""
    return REPLY.get(reply, reply)
