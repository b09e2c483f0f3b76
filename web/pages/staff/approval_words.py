"""Requests for an approver in words: what will happen, what is unusual, where it stands, what to do now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from provisioning.errors import ApprovalFault, PasskeyFault
from provisioning.rules.approval import ApprovalState, AskedJob
from provisioning.rules.papers import IdentityCheck, PaperAct, PaperKind
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import TokenKind
from provisioning.store.queries.approvals import ApprovalView
from web import dates, wording
from web.pages.staff import paper_words, words
from web.wording import StateWords

STATES: Final[dict[ApprovalState, StateWords]] = {
    ApprovalState.WAITING: StateWords("attention", _l("承認待ち")),
    ApprovalState.GRANTED: StateWords("progress", _l("承認済み・手続き待ち")),
    ApprovalState.DONE: StateWords("active", _l("承認・実行済み")),
    ApprovalState.FAILED: StateWords("danger", _l("実行できず")),
    ApprovalState.REFUSED: StateWords("danger", _l("承認されず")),
    ApprovalState.WITHDRAWN: StateWords("", _l("取り下げ")),
    ApprovalState.EXPIRED: StateWords("danger", _l("期限切れ")),
}
JOBS: Final[dict[AskedJob, LazyString]] = {
    AskedJob.RESERVE_FOB: _l("フォブの発行"),
    AskedJob.OPEN_BATCH: _l("フォブのまとめて発行"),
    AskedJob.ISSUE_SOFT: _l("ソフトウェアトークンの再発行"),
    AskedJob.LIFT_SUSPENSION: _l("利用停止の解除"),
    AskedJob.CARRY_OUT_PAPER: _l("書面による手続き"),
    AskedJob.IMPORT_PSKC: _l("種の取り込み"),
    AskedJob.EXPORT_PSKC: _l("種の書き出し"),
    AskedJob.CHANGE_PROFILE: _l("金融機関の設定の変更"),
    AskedJob.ENROL_STATION: _l("書込み端末の登録"),
    AskedJob.CONFIRM_PASSKEY: _l("担当者のパスキー"),
}
_UNRELEASED: Final[dict[str, LazyString]] = {
    "in_use": _l("利用中のトークンがあります。利用解除をせずに、新しいトークンを発行します。"),
    "lost": _l("前のトークンは、紛失で終わっています。"),
    "revoked": _l("前のトークンは、失効で終わっています。"),
    "released_by_staff": _l("前のトークンは、お客さまではなく窓口が終了しています。"),
}
REFUSALS: Final[dict[str, LazyString]] = {
    ApprovalFault.OWN: _l("ご自分が依頼したものは承認できません。"),
    ApprovalFault.OWN_TOKEN: _l("ご自分のトークンやパスキーのことは承認できません。"),
    ApprovalFault.NOT_APPROVER: _l("いまは役席者の権限がありません。"),
    ApprovalFault.CHANGED: _l("画面を開いたあとで依頼の内容が変わりました。"),
    ApprovalFault.NOT_SIGNED: _l("パスキーによる署名がありません。"),
    ApprovalFault.MAKER_GONE: _l("依頼した担当者に、いまはこの手続きの権限がありません。"),
    ApprovalFault.MOVED_ON: _l("依頼のあとで、お客さま・フォブなどの状態が変わりました。"),
    PasskeyFault.TOO_LATE: _l("パスキーの確認に時間がかかりすぎました。もう一度押してください。"),
    PasskeyFault.NOT_VERIFIED: _l("パスキーで、本人の確認（暗証番号や指紋）がされていません。"),
}
NOT_SIGNED: Final = _l("パスキーの署名を確かめられませんでした。もう一度押してください。")


def refusal(fault: str) -> str:
    """Why an approval counts for nothing."""
    return str(REFUSALS.get(fault, NOT_SIGNED))


def sentence(request: ApprovalView) -> str:
    """What will happen, in one sentence, from the words that are signed."""
    if not request.is_whole:
        return str(_("依頼の内容が書き換えられているため、表示できません。監査へ連絡してください。"))
    return _SENTENCES[request.job](request.facts)


def _of_paper(facts: Mapping[str, Any]) -> str:
    act = str(paper_words.ACTS[PaperAct(facts["act"])])
    return str(_("書面 %(form_number)s により、%(name)s 様の手続きをします: %(act)s", **_some(facts), act=act))


def _some(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if isinstance(value, str | int) and name != "act"}


def _lifting(facts: Mapping[str, Any]) -> str:
    kind = str(wording.KINDS[TokenKind(facts["kind"])])
    told = _some(facts) | {"kind": kind}
    return str(
        _("%(name)s 様の%(kind)sの利用停止を解除します。お客さまは、ログインできるようになります。", **told)
    )


def _batch(facts: Mapping[str, Any]) -> str:
    told = {"n": len(facts["customers"]), "station": facts["station"]}
    return str(_("端末「%(station)s」で、次の%(n)s名のお客さまにフォブを発行します。", **told))


def _fob(facts: Mapping[str, Any]) -> str:
    return str(_("%(name)s 様に、フォブ %(serial)s を書き込んで発行します。", **_some(facts)))


def _soft(facts: Mapping[str, Any]) -> str:
    told = _some(facts)
    return str(_("%(name)s 様にソフトウェアトークンを発行し、案内メールを %(address)s へ送ります。", **told))


def _import(facts: Mapping[str, Any]) -> str:
    told = _some(facts)
    return str(_("種入りのフォブ%(count)s個を、%(branch)sの在庫に取り込みます。", **told))


def _export(facts: Mapping[str, Any]) -> str:
    return str(_("在庫のフォブ%(count)s個の種を、合言葉で保護したファイルへ書き出します。", **_some(facts)))


def _profile(facts: Mapping[str, Any]) -> str:
    return str(_("金融機関の設定ファイルを、%(n)s項目変えたものに取り替えます。", n=len(facts["changes"])))


def _station(facts: Mapping[str, Any]) -> str:
    return str(_("書込み端末「%(station)s」（%(branch)s）を使えるようにします。", **_some(facts)))


def _passkey(facts: Mapping[str, Any]) -> str:
    told = _some(facts) | {"role": str(words.ROLES[StaffRole(facts["role"])])}
    return str(
        _("%(staff)sさん（%(branch)s、%(role)s）が、作ったパスキーでサインインできるようにします。", **told)
    )


_SENTENCES: Final[dict[AskedJob, Callable[[Mapping[str, Any]], str]]] = {
    AskedJob.RESERVE_FOB: _fob,
    AskedJob.OPEN_BATCH: _batch,
    AskedJob.ISSUE_SOFT: _soft,
    AskedJob.LIFT_SUSPENSION: _lifting,
    AskedJob.CARRY_OUT_PAPER: _of_paper,
    AskedJob.IMPORT_PSKC: _import,
    AskedJob.EXPORT_PSKC: _export,
    AskedJob.CHANGE_PROFILE: _profile,
    AskedJob.ENROL_STATION: _station,
    AskedJob.CONFIRM_PASSKEY: _passkey,
}


def unusual(request: ApprovalView) -> list[str]:
    """What the approver should look at twice; of a request that was tampered with nothing is known."""
    if not request.is_whole:
        return []
    facts = request.facts
    told = [str(_UNRELEASED[facts["unreleased"]])] if facts.get("unreleased") else []
    some = [one for one in facts.get("customers", ()) if one["unreleased"]]
    told += [f"{_('%(name)s 様', name=one['name'])} ― {_UNRELEASED[one['unreleased']]}" for one in some]
    if facts.get("act") == PaperAct.LIFT_RESTRICTION:
        told.append(_("これまでに%(n)s回発行しています。", n=facts["issuances"]))
    if request.job is AskedJob.EXPORT_PSKC:
        told.append(_("書き出したファイルと合言葉を持つ人は、これらのフォブの番号を計算できます。"))
    if request.job is AskedJob.CONFIRM_PASSKEY:
        told += _before_confirming(facts)
    return told


def _before_confirming(facts: Mapping[str, Any]) -> list[str]:
    told = [
        _(
            "ご本人に会い、ご本人の画面の確認番号と見比べてください。会えないとき、違うときは、承認しないでください。"
        )
    ]
    if facts["other_passkeys"]:
        told.append(_("この人には、ほかにも使えるパスキーがあります。作り直すわけを、ご本人に確かめてください。"))
    return told


_FACTS: Final[dict[str, LazyString]] = {
    "form_number": _l("書面の番号"),
    "paper": _l("手続きの内容"),
    "identity_check": _l("本人確認の方法"),
    "note": _l("メモ"),
    "taken_by": _l("受付の担当"),
    "kind": _l("種類"),
    "serial": _l("フォブ"),
    "model": _l("機種"),
    "station": _l("端末"),
    "application": _l("受付番号"),
    "address": _l("メールアドレス"),
    "failures": _l("続けて間違えた回数"),
    "suspended_at": _l("停止"),
    "confirmation_code": _l("確認番号"),
    "branch": _l("店"),
    "count": _l("個数"),
    "first": _l("最初の番号"),
    "last": _l("最後の番号"),
    "makers": _l("製造元"),
    "file_sha256": _l("ファイルのSHA-256"),
    "at_once": _l("同時に書き込む数"),
    "other_passkeys": _l("ほかに使えるパスキー"),
    "key_sha256": _l("パスキーの公開鍵のSHA-256"),
}
_WORDS: Final[dict[str, Callable[[Any], object]]] = {
    "paper": lambda value: paper_words.KINDS[PaperKind(value)],
    "identity_check": lambda value: paper_words.CHECKS[IdentityCheck(value)],
    "kind": lambda value: wording.KINDS[TokenKind(value)],
    "makers": ", ".join,
    "confirmation_code": lambda value: f"{value[:4]} {value[4:]}",
    "suspended_at": lambda value: dates.minute(datetime.fromisoformat(value)),
}


def facts(request: ApprovalView) -> list[tuple[str, str]]:
    """The rest of what is signed, as labels and values."""
    told = {**request.facts, **request.arguments}
    return [
        (str(label), str(_WORDS.get(name, str)(told[name])))
        for name, label in _FACTS.items()
        if told.get(name) not in (None, "", 0)
    ]
