"""Why a mail did not go out, in words where no mail server said so."""

from __future__ import annotations

from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from provisioning.errors import MailFault

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
