"""Every audited act in words: one line for the timeline, and for acts of staff what to tell the customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from provisioning.rules.actor import ActorKind
from provisioning.rules.mail_kind import MailKind
from provisioning.store.queries.timeline import Event
from web.pages.staff import account_words
from web.pages.staff.mail_words import KINDS

LINES: Final[dict[str, LazyString]] = {
    "open_credential": _l("トークンの枠を作成"),
    "end_credential": _l("トークンを終了し、種を破棄"),
    "end_token": _l("窓口でトークンを終了"),
    "issue_soft": _l("ソフトウェアトークンを発行"),
    "resend_issue_mail": _l("案内メールを再送"),
    "send_mail": _l("%(mail)sのメールを送信"),
    "mail_returned": _l("%(mail)sのメールが戻ってきた"),
    "app_complete": _l("アプリの初期設定"),
    "expire_ticket": _l("初期設定の期限切れ"),
    "apply": _l("利用申込"),
    "cancel_application": _l("申込を取消"),
    "reserve_fob": _l("フォブを予約"),
    "claim_job": _l("端末が書込みを開始"),
    "record_result": _l("書込みを記録"),
    "prove_job": _l("番号を照合"),
    "prove_typed_code": _l("表示の番号を照合"),
    "end_attempt": _l("書込みを中断"),
    "hand_over": _l("お客さまへお渡し"),
    "take_into_stock": _l("在庫に受け入れ"),
    "import_pskc": _l("種入りのフォブを取り込み"),
    "export_pskc": _l("フォブの種を書き出し"),
    "close_stock": _l("フォブの締め"),
    "take_range": _l("番号の範囲を在庫に受け入れ"),
    "use_as": _l("フォブの使い方を変更"),
    "open_batch": _l("まとめて書込みを開始"),
    "press_batch": _l("まとめて書込みを次へ"),
    "skip_item": _l("まとめて書込みから除外"),
    "close_batch": _l("まとめて書込みを終了"),
    "take_back": _l("フォブを返却"),
    "erase_fob": _l("消去を依頼"),
    "remove_fob": _l("フォブを在庫から除外"),
    "set_expiry": _l("フォブの使用期限を記録"),
    "send_fobs": _l("フォブをほかの店へ送付"),
    "receive_fobs": _l("ほかの店のフォブを受取"),
    "call_back": _l("移送中のフォブを在庫に戻す"),
    "activate": _l("利用開始"),
    "verify": _l("ワンタイムパスワードの確認"),
    "release": _l("利用解除"),
    "lower_transfer_limit": _l("振込・振替限度額を引き下げ"),
    "change_mail_password": _l("メール通知パスワードの利用を変更"),
    "ask_mail_password": _l("メール通知パスワードの送信を依頼"),
    "check_mail_password": _l("メール通知パスワードの確認"),
    "erase_address": _l("不要になったメールアドレスを消去"),
    "change_information": _l("お知らせ用メールアドレスを変更"),
    "register_payee": _l("振込先を登録"),
    "make_transfer": _l("振込"),
    "lift_suspension": _l("利用停止を解除"),
    "take_paper": _l("書面を受付"),
    "carry_out_paper": _l("書面により手続き"),
    "refuse_paper": _l("書面の手続きをお断り"),
    "take_profile": _l("金融機関の設定を適用"),
    "ask_approval": _l("役席者に承認を依頼"),
    "give_approval": _l("役席者が承認"),
    "refuse_approval": _l("役席者が承認せず"),
    "withdraw_approval": _l("承認の依頼を取り下げ"),
    "expire_approval": _l("承認の依頼が期限切れ"),
    "resync": _l("番号の同期"),
    "reset_drift": _l("時計のずれを初期化"),
    "unlock_passwords": _l("パスワードのロックを解除"),
    "check_login": _l("ログインパスワードの確認"),
    "check_confirmation": _l("確認用パスワードの確認"),
    "sign_in": _l("サインイン"),
    "sign_out": _l("サインアウト"),
    "invite_station": _l("端末の登録番号を発行"),
    "enrol_station": _l("端末を登録"),
    "revoke_station": _l("端末の登録を取消"),
    **account_words.ACTS,
}
RESULTS: Final[dict[str, LazyString]] = {
    "refused": _l("受け付けず"),
    "wrong": _l("不一致"),
    "suspended": _l("利用停止"),
    "locked": _l("ロック"),
    "used": _l("使用済みの番号"),
    "ticket_void": _l("回数超過で無効"),
    "day_full": _l("一日の上限"),
    "failed": _l("失敗"),
    "abandoned": _l("中断"),
    "released": _l("利用解除"),
    "revoked": _l("失効"),
    "expired": _l("期限切れ"),
    "lost": _l("紛失"),
    "cancelled": _l("取消"),
    "replaced": _l("交換"),
    "again": _l("再試行"),
    "started": _l("利用開始"),
    "changed": _l("変更"),
    "ended": _l("利用終了"),
    "over_limit": _l("限度額超過"),
}
"""Results worth saying; an act that did what it says needs no word."""
_NOT_SAID: Final = _l("（種類の記録なし）")
OF_MAILS: Final = frozenset({"send_mail", "mail_returned"})
BAD: Final = frozenset({"refused", "wrong", "suspended", "locked", "ticket_void", "failed", "abandoned"})
"""Results that are marked: something was refused or went wrong."""
ACTORS: Final[dict[ActorKind, LazyString]] = {
    ActorKind.STAFF: _l("担当者"),
    ActorKind.CUSTOMER: _l("お客さま"),
    ActorKind.BANK: _l("銀行システム"),
    ActorKind.STATION: _l("書込み端末"),
    ActorKind.APP: _l("アプリ"),
    ActorKind.SYSTEM: _l("システム"),
}


@dataclass(frozen=True, slots=True)
class EventWords:
    """One line of a timeline. `look` is the mark's: done, danger, or plain."""

    line: str
    result: str
    who: str
    look: str


def event_words(event: Event) -> EventWords:
    """An audited act as a line of the timeline."""
    look = "danger" if event.result in BAD else ""
    who = event.actor_name or str(ACTORS[event.actor_kind])
    if event.actor_name and event.actor_kind is ActorKind.CUSTOMER:  # somebody who manages the company's users
        who = _("%(name)s 様", name=event.actor_name)
    return EventWords(
        line=_line(event),
        result=str(RESULTS.get(event.result, "")),
        who=who,
        look=look,
    )


def _line(event: Event) -> str:
    words = str(LINES.get(event.act, event.act))
    return words % {"mail": mail_of(event.facts)} if event.act in OF_MAILS else words


def mail_of(facts: Mapping[str, Any]) -> LazyString | str:
    """Which mail an entry is about, as far as it says so."""
    kind = facts.get("kind")
    if not isinstance(kind, str):
        return _NOT_SAID
    return KINDS[MailKind(kind)] if kind in set(MailKind) else kind


@dataclass(frozen=True, slots=True)
class ActWords:
    """The page after an act: what was done, what to tell the customer, what can still be undone."""

    done: LazyString
    tell: LazyString | None
    undo: LazyString | None


_NOT_UNDONE: Final = _l("元に戻すことはできません。")
_ENDED_ON_PAPER: Final = ActWords(
    _l("書面により、トークンを終了しました"),
    _l("「このトークンの番号は、いまから使えません」"),
    _l("終了は元に戻せません。必要なときは、新しいトークンを発行します。"),
)
ACTS: Final[dict[str, ActWords]] = {
    "issue_soft": ActWords(
        _l("ソフトウェアトークンを発行しました"),
        _l(
            "「ご案内のメールをお送りしました。アプリで、メールのサービスIDとユーザID、いま決めた利用開始パスワードを入力してください」"
        ),
        _l("利用開始の前なら、発行を取り消せます。メールアドレスの誤りは、再送のときに直せます。"),
    ),
    "apply": ActWords(
        _l("利用申込を登録しました"),
        _l(
            "「次にインターネットバンキングへログインされると、ワンタイムパスワード利用開始登録の画面が開きます。スマートフォンをお手元にご用意ください」"
        ),
        _l("トークンの発行の前なら、お客さまの画面で申込を取り消せます。"),
    ),
    "resend_issue_mail": ActWords(
        _l("案内メールをもう一度送ります"),
        _l("「前のメールは使えなくなりました。新しいメールのとおりに初期設定をしてください」"),
        _l("もう一度再送すると、このメールも無効になります。"),
    ),
    "hand_over": ActWords(
        _l("フォブをお渡ししました"),
        _l(
            "「インターネットバンキングの『ワンタイムパスワード利用開始』で、フォブに表示される番号を入力してください」"
        ),
        _l("利用開始の前なら、トークンを終了してフォブを返していただけます。"),
    ),
    "lift_suspension": ActWords(
        _l("利用停止を解除しました"),
        _l("「いまからログインできます。番号は、次の新しい番号に変わるのを待って入力してください」"),
        _l("解除そのものは取り消せません。使えなくするときは、トークンを終了します。"),
    ),
    "unlock_passwords": ActWords(
        _l("パスワードのロックを解除しました"),
        _l("「もう一度ログインしてください。パスワードをお忘れのときは、再登録の申込書が必要です」"),
        None,
    ),
    "resync": ActWords(
        _l("番号の同期が終わりました"),
        _l("「次に表示される番号から、そのままお使いいただけます」"),
        _l("「ずれを0に戻す」で、学習した値を消せます。"),
    ),
    "reset_drift": ActWords(
        _l("時計のずれを0に戻しました"),
        _l("「次に表示される番号から、そのままお使いいただけます。合わないときは、番号の同期をします」"),
        _l("番号の同期で、もう一度ずれを学習できます。"),
    ),
    "end_token": ActWords(
        _l("トークンを終了しました"),
        _l("「このトークンの番号は、いまから使えません」"),
        _l("終了は元に戻せません。必要なときは、新しいトークンを発行します。"),
    ),
    "end_credential": ActWords(
        _l("発行を取り消しました"),
        _l("「お送りしたメールは使えなくなりました。破棄してください」"),
        _l("元に戻せません。もう一度発行できます。"),
    ),
    "refuse_paper": ActWords(
        _l("書面の手続きをお断りしました"),
        _l("「お手続きできませんでした。お断りの理由をお伝えします。あらためて書面をお出しください」"),
        _l("元に戻せません。もう一度、新しい書面を受け付けられます。"),
    ),
    "carry_out_paper end_as_released": _ENDED_ON_PAPER,
    "carry_out_paper end_as_revoked": _ENDED_ON_PAPER,
    "carry_out_paper end_as_lost": _ENDED_ON_PAPER,
    "carry_out_paper lift_suspension": ActWords(
        _l("書面により、利用停止を解除しました"),
        _l("「いまからログインできます。番号は、次の新しい番号に変わるのを待って入力してください」"),
        _l("解除そのものは取り消せません。使えなくするときは、トークンを終了します。"),
    ),
    "carry_out_paper lift_restriction": ActWords(
        _l("書面により、発行規制を解除しました"),
        _l("「トークンを新しく発行できます。回数は、はじめから数えます」"),
        _NOT_UNDONE,
    ),
    "carry_out_paper stop_mail_password": ActWords(
        _l("書面により、メール通知パスワードの利用を止めました"),
        _l("「受信できるメールアドレスで、あらためて『メール通知パスワード利用変更』をお手続きください」"),
        _NOT_UNDONE,
    ),
    "carry_out_paper nothing_left": ActWords(
        _l("書面の手続きを終えました"),
        _l("「お手続きは済んでいます。ほかにしていただくことはありません」"),
        _NOT_UNDONE,
    ),
    "cancel_application": ActWords(
        _l("申込を取り消しました"),
        _l("「お申し込みを取り消しました。いつでももう一度お申し込みいただけます」"),
        _NOT_UNDONE,
    ),
    "take_into_stock": ActWords(
        _l("フォブを在庫に受け入れました"), None, _l("廃棄または故障として、在庫から除けます。")
    ),
    "take_range": ActWords(
        _l("フォブを番号の範囲で在庫に受け入れました"),
        None,
        _l("廃棄または故障として、1個ずつ在庫から除けます。"),
    ),
    "use_as": ActWords(_l("フォブの使い方を変えました"), None, _l("在庫にある間は、元の使い方に戻せます。")),
    "take_back": ActWords(
        _l("フォブを返していただきました"),
        _l("「このフォブはもう使えません。新しいトークンは、あらためて発行します」"),
        _l("返却は取り消せません。消去すると、在庫に戻ります。"),
    ),
    "remove_fob": ActWords(
        _l("フォブを在庫から除きました"), None, _l("紛失したフォブは、見つかったときに返却として戻せます。")
    ),
    "call_back": ActWords(
        _l("移送中のフォブを在庫に戻しました"), None, _l("もう一度送るときは、移送の画面から送ります。")
    ),
    "set_expiry": ActWords(_l("フォブの使用期限を記録しました"), None, _l("フォブの画面で、日付を直せます。")),
    "end_attempt": ActWords(
        _l("書込みを取りやめました"),
        _l("「まだ発行されていません。別のフォブでやり直します」"),
        _l("この書込みは元に戻せません。フォブを選び直して、やり直せます。"),
    ),
    "revoke_station": ActWords(
        _l("端末の登録を取り消しました"), None, _l("もう一度使うときは、新しい登録番号で登録し直します。")
    ),
}


def act_words(event: Event) -> ActWords | None:
    """The page's words; None for acts that have no page."""
    return ACTS.get(f"{event.act} {event.result}") or ACTS.get(event.act)
