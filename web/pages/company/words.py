"""What is said on the pages of each of a manager's acts; the manual's words come first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask_babel import LazyString, lazy_pgettext
from flask_babel import lazy_gettext as _l

from provisioning.rules.company import CompanyAct


@dataclass(frozen=True, slots=True)
class ManagingWords:
    """`entry` on 作業内容選択, `title` over the list, `button` under it, `result` over what became of it."""

    entry: LazyString
    about: LazyString
    title: LazyString
    lead: LazyString
    empty: LazyString
    button: LazyString
    result: LazyString
    done: LazyString
    too_late: LazyString


WORDS: Final[dict[CompanyAct, ManagingWords]] = {
    CompanyAct.LIFT: ManagingWords(
        entry=_l("ワンタイムパスワードの利用停止解除"),
        about=_l("ワンタイムパスワードの間違いが続き、利用停止となった利用者がもう一度使えるようにします。"),
        title=_l("ワンタイムパスワード利用停止解除一覧"),
        lead=_l(
            "利用停止を解除する利用者をチェックし、確認用パスワードを入力して「停止解除」ボタンを押してください。"
        ),
        empty=_l("利用停止となっている利用者はいません。"),
        button=_l("停止解除"),
        result=_l("ワンタイムパスワード利用停止解除結果"),
        done=_l("解除しました"),
        too_late=_l("すでに解除されています"),
    ),
    CompanyAct.REVOKE: ManagingWords(
        entry=_l("トークンの失効"),
        about=_l("機種変更などで再発行が必要な利用者の、いまのトークンを使えなくします。"),
        title=_l("トークン失効"),
        lead=_l(
            "トークンを失効する利用者を選択し、確認用パスワードを入力して「失効」ボタンを押してください。失効は取り消せません。"
        ),
        empty=_l("トークンを持っている利用者は、ほかにいません。"),
        button=lazy_pgettext("button", "失効"),
        result=_l("トークン失効結果"),
        done=_l("失効しました"),
        too_late=_l("すでに失効しています"),
    ),
    CompanyAct.REPORT_LOSS: ManagingWords(
        entry=_l("トークンの紛失"),
        about=_l("スマートフォンなどをなくした利用者のトークンを、ただちに使えなくします。"),
        title=_l("トークン紛失"),
        lead=_l(
            "トークンをなくした利用者を選択し、確認用パスワードを入力して「紛失として失効」ボタンを押してください。ただちに使えなくなり、取り消せません。"
        ),
        empty=_l("トークンを持っている利用者は、ほかにいません。"),
        button=_l("紛失として失効"),
        result=_l("トークン紛失結果"),
        done=_l("紛失として失効しました"),
        too_late=_l("すでに失効しています"),
    ),
}
NOT_SUSPENDED: Final = _l("利用停止ではありません")
"""Of who was not suspended, and whom nobody is known to have lifted."""
ALREADY_ENDED: Final = _l("トークンが失効しているため、解除できません")
"""Of whose token ended before its suspension was lifted."""
UNAVAILABLE: Final = _l("ただいま処理できませんでした。もう一度お試しください。")
UNKNOWN: Final = _l("処理の結果を確認できませんでした。一覧で、いまの状態をご確認ください。")
"""Of whom it may have been done all the same."""
