"""Every entry of the audit log in words: the act, what came of it, and the facts that it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from provisioning.rules.actor import ActorKind
from provisioning.rules.audit_watch import AuditAlarm
from provisioning.rules.company import CompanyRole
from provisioning.rules.permissions import StaffRole
from provisioning.store.queries.audit_entries import EntryView
from web import wording
from web.pages.staff import act_words, mail_words, words
from web.pages.staff.address_words import REASONS
from web.screens import Screen
from web.visible import visible

LINES: Final[dict[str, LazyString]] = {
    **act_words.LINES,
    "view": _l("お客さまの情報を閲覧"),
    "show_address": _l("メールアドレスを全部表示"),
    "export_audit": _l("監査記録を書き出し"),
    "hand_out_proof": _l("記録の証明を取り出し"),
    "list_breach": _l("漏えい等の対象者の一覧を作成"),
    "verify_audit": _l("監査記録を検証"),
    "archive_audit": _l("古い監査記録を保管用ファイルへ移動"),
    "close_audit_key": _l("監査記録の鍵を使用終了"),
    "rotate_kek": _l("種を守る鍵を交代"),
    "retire_kek": _l("種を守る鍵を廃止"),
    "rotate_address_key": _l("メールアドレスの鍵を交代"),
    "retire_address_key": _l("メールアドレスの鍵を廃止"),
    "add_bank_client": _l("銀行システムの接続を追加"),
    "revoke_bank_client": _l("銀行システムの接続を取消"),
    "add_company": _l("企業を登録"),
    "add_customer": _l("お客さまを登録"),
}
_DONE: Final = (
    *("added", "archived", "begun", "closed", "confirmed", "disabled", "enabled", "enrolled", "erased"),
    *("exported", "imported", "in_force", "invited", "issued", "lowered", "made", "open", "opened", "prepared"),
    *("received", "registered", "removed", "reset", "taken", "unlocked"),
)
"""What the act's own line says already."""
RESULTS: Final[dict[str, LazyString]] = {
    **act_words.RESULTS,
    **dict.fromkeys(("done", "accepted"), _l("完了")),
    **dict.fromkeys(_DONE, _l("実施")),
    "shown": _l("表示"),
    "handed_out": _l("取り出し"),
    "whole": _l("異常なし"),
    "intent": _l("これから書込み"),
    "queued": _l("待ち"),
    "sending": _l("送信中"),
    "sent": _l("送信済み"),
    "set_up": _l("初期設定済み"),
    "active": _l("利用中"),
    "written": _l("書込み済み"),
    "proved": _l("照合済み"),
    "waiting": _l("待ち"),
    "granted": _l("承認"),
    "incomplete": _l("一部は未完了"),
    "retired": _l("廃止"),
}

FACTS: Final[dict[str, LazyString]] = {
    "kek_id": _l("種を守る鍵"),
    "address_key_id": _l("メールアドレスの鍵"),
    "wrapped": _l("新しい鍵に移した件数"),
    "unopened": _l("開けなかった件数"),
    "place": _l("画面・操作"),
    "reason": _l("理由"),
    "note": _l("メモ"),
    "kind": _l("種類"),
    "mail": _l("メール"),
    "reply": _l("メールサーバの返答"),
    "attempt": _l("何回目か"),
    "attempts": _l("試した回数"),
    "tries": _l("誤りの合計"),
    "failures": _l("続けて誤った回数"),
    "locked": _l("ロックしたか"),
    "suspended": _l("利用停止になったか"),
    "station": _l("端末"),
    "station_id": _l("端末"),
    "staff_id": _l("担当者"),
    "client_id": _l("銀行システム"),
    "company_id": _l("企業"),
    "serial": _l("シリアル番号"),
    "profile": _l("フォブの種類"),
    "firmware": _l("ファームウェア"),
    "model": _l("機種"),
    "count": _l("個数"),
    "customers": _l("人数"),
    "first": _l("はじめ"),
    "last": _l("終わり"),
    "branch": _l("店"),
    "to_branch": _l("送り先の店"),
    "role": _l("役割"),
    "name": _l("名前"),
    "number": _l("番号"),
    "user_id": _l("ユーザID"),
    "service_id": _l("サービスID"),
    "address": _l("メールアドレスの登録"),
    "instead_of": _l("代わりになったもの"),
    "use": _l("用途"),
    "ticket": _l("初期設定の受付"),
    "expires_at": _l("期限"),
    "activation": _l("利用開始の方式"),
    "new_address": _l("宛先を変えたか"),
    "new_password": _l("利用開始パスワードを変えたか"),
    "drift_steps": _l("時計のずれ（段）"),
    "drift_steps_before": _l("前の時計のずれ（段）"),
    "from_yen": _l("変更前（円）"),
    "to_yen": _l("変更後（円）"),
    "amount_yen": _l("金額（円）"),
    "registered": _l("登録済みの振込先か"),
    "transfer": _l("振込"),
    "transfer_id": _l("移送"),
    "payee": _l("振込先"),
    "paper": _l("書面"),
    "paper_id": _l("書面"),
    "form_number": _l("書面の番号"),
    "identity_check": _l("本人確認の方法"),
    "batch_id": _l("まとめて書込み"),
    "position": _l("何番目か"),
    "at_once": _l("同時に書き込む数"),
    "closing_id": _l("締め"),
    "findings": _l("違いの数"),
    "missing": _l("届かなかった数"),
    "handed_over": _l("お渡ししたか"),
    "next_job_id": _l("次の書込み"),
    "code": _l("理由の番号"),
    "problem": _l("理由"),
    "reports": _l("書き込んだ量"),
    "scopes": _l("使える操作"),
    "key_id": _l("鍵"),
    "passkey_id": _l("パスキー"),
    "purpose": _l("目的"),
    "fault": _l("見つかった異常"),
    "entry": _l("はじめの異常な記録"),
    "file": _l("ファイル"),
    "file_sha256": _l("ファイルのSHA-256"),
    "root": _l("木の根"),
    "size": _l("封をした記録の数"),
    "begin": _l("検証のはじめ"),
    "waiting": _l("封を待つ記録の数"),
    "checkpoints": _l("署名の数"),
    "until": _l("いつまで"),
    "approval_id": _l("承認の番号"),
    "approved_by_demo": _l("見本用のボタンによる承認か"),
    "payload_sha256": _l("承認した内容のSHA-256"),
    "job": _l("承認を求めた手続き"),
    "maker": _l("依頼した担当者"),
    "proof": _l("サインインの方法"),
    "form": _l("ファイルの形式"),
    "filter": _l("絞り込み"),
    "leaf_index": _l("木の中の位置"),
    "scope": _l("範囲"),
    "persons": _l("対象者の数"),
    "makers": _l("製造元の文書か"),
    "before": _l("変更前"),
    "after": _l("変更後"),
    "last_try": _l("最後の試行を使うか"),
    "day": _l("日"),
    "subject": _l("対象"),
    "alert": _l("警報か"),
    "closed_at": _l("終わった時刻"),
    "step_up": _l("手続き前の確認か"),
    "by_demo": _l("見本用のボタンによるか"),
    "again": _l("もう一度か"),
}
PLACES: Final[dict[str, LazyString]] = {
    Screen.CHOOSE_KIND: _l("トークンの種類の選択"),
    Screen.STAFF_WORK: _l("作業一覧"),
    Screen.STAFF_SEARCH: _l("顧客の検索"),
    Screen.STAFF_CUSTOMER: _l("顧客"),
    Screen.STAFF_ACT: _l("手続きの結果"),
    Screen.STAFF_SOFT_ENTRY: _l("ソフトウェアトークンの発行"),
    Screen.STAFF_SOFT_PASSWORD: _l("利用開始パスワードの入力"),
    Screen.STAFF_SOFT_BACK: _l("発行のあと"),
    Screen.STAFF_RESEND: _l("案内メールの再送"),
    Screen.STAFF_HARD: _l("フォブの選択"),
    Screen.STAFF_PROGRAM: _l("書込み"),
    Screen.STAFF_PROGRAMS: _l("書込みの一覧"),
    Screen.STAFF_BATCHES: _l("まとめて書込みの一覧"),
    Screen.STAFF_BATCH: _l("まとめて書込み"),
    Screen.STAFF_END: _l("トークンの終了"),
    Screen.STAFF_RESYNC: _l("番号の同期"),
    Screen.STAFF_STOCK: _l("フォブの在庫"),
    Screen.STAFF_FOB: _l("フォブ"),
    Screen.STAFF_SLIPS: _l("受け渡しの控え"),
    Screen.STAFF_PAPERS: _l("書面の一覧"),
    Screen.STAFF_TAKE_PAPER: _l("書面の受付"),
    Screen.STAFF_PAPER: _l("書面"),
    Screen.STAFF_APPROVALS: _l("承認の一覧"),
    Screen.STAFF_APPROVAL: _l("承認"),
    Screen.STAFF_MAILS: _l("メール"),
    Screen.STAFF_ADDRESS: _l("メールアドレスの表示"),
    Screen.AUDIT: _l("監査記録"),
    Screen.AUDIT_ENTRY: _l("監査記録の1件"),
    Screen.AUDIT_CUSTOMER: _l("お客さまの記録"),
    Screen.AUDIT_FOB: _l("フォブの記録"),
    "company": _l("銀行API: 企業の利用者"),
    "addresses": _l("銀行API: メールアドレス"),
    "papers": _l("銀行API: 書面"),
}
ALARMS: Final[dict[AuditAlarm, LazyString]] = {
    AuditAlarm.NOT_SEALED: _l("封をされていない記録が、5分を超えて残っています。"),
    AuditAlarm.NOT_SIGNED: _l("封をした記録に、30分を超えて署名がありません。"),
    AuditAlarm.NOT_VERIFIED: _l("記録の検証が、1日を超えて行われていません。"),
    AuditAlarm.NOT_WHOLE: _l("監査記録に異常が見つかりました。"),
}
FAULTS: Final[dict[tuple[str, str], LazyString]] = {
    ("customer", "not_offered"): _l("このユーザIDまたはログインIDのお客さまはいません。"),
    ("fob", "not_offered"): _l("このシリアル番号のフォブはありません。"),
    ("fob", "do_not_match"): _l("お客さまとフォブは、どちらか一方で絞り込んでください。"),
    ("who", "not_offered"): _l("だれが行ったかを選んでください。"),
    ("first_day", "bad_form"): _l("日付を年月日で入力してください。"),
    ("last_day", "bad_form"): _l("日付を年月日で入力してください。"),
}
_ROLES: Final[dict[str, LazyString]] = {role.value: words.ROLES[role] for role in StaffRole}
_KINDS: Final[dict[str, LazyString]] = {
    **{kind.value: words for kind, words in wording.KINDS.items()},
    **{kind.value: words for kind, words in mail_words.KINDS.items()},
}
_NESTED: Final = (dict, list)


def line(entry: EntryView) -> str:
    """What was done."""
    told = str(LINES.get(entry.act, visible(entry.act)))
    if entry.act in act_words.OF_MAILS:
        return told % {"mail": visible(str(act_words.mail_of(entry.facts)))}
    return told


def acts() -> list[tuple[str, str]]:
    """Every act with its words, to choose from."""
    return [
        (act, str(words) % {"mail": "…"} if act in act_words.OF_MAILS else str(words))
        for act, words in LINES.items()
    ]


def result(entry: EntryView) -> str:
    """What came of it."""
    return str(RESULTS.get(entry.result, visible(entry.result)))


def is_bad(entry: EntryView) -> bool:
    """Whether something was refused or went wrong."""
    return entry.result in act_words.BAD or (entry.act == "verify_audit" and entry.result != "whole")


def who(entry: EntryView) -> str:
    """Who did it; the kind where nobody has a name."""
    name = visible(entry.actor_name)
    if name and entry.actor_kind is ActorKind.CUSTOMER:
        return str(_("%(name)s 様", name=name))
    return name or str(act_words.ACTORS[entry.actor_kind])


def role(entry: EntryView) -> str:
    """What they were then."""
    if entry.actor_role in set(CompanyRole):
        return str(wording.ROLES[CompanyRole(entry.actor_role)])
    return str(_ROLES.get(entry.actor_role, entry.actor_role))


def facts(entry: EntryView) -> Iterator[tuple[str, str]]:
    """The facts that it keeps, each with its name. A value that names somebody or something known says so."""
    for name, value in entry.facts.items():
        if value is not None and value != "":
            yield visible(str(FACTS.get(name, name))), visible(_value(entry, name, value))


def _value(entry: EntryView, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(_("はい") if value else _("いいえ"))
    if isinstance(value, _NESTED):
        return json.dumps(value, ensure_ascii=False)
    if name == "reason":
        return str(REASONS.get(value) or words.reason(value))
    if name == "kind" and value in _KINDS:
        return str(_KINDS[value])
    if name == "role":
        return str(_ROLES.get(value, value))
    if name == "place":
        return f"{value} {PLACES[value]}" if value in PLACES else str(value)
    return entry.names.get(value) or str(value)
