"""Compartments and disagreements of a closing in words."""

from __future__ import annotations

from typing import Final

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from provisioning.rules.closing import Finding, FindingKind
from provisioning.rules.custody import Compartment

COMPARTMENTS: Final[dict[Compartment, LazyString]] = {
    Compartment.BLANK: _l("空のフォブ（在庫・予約済み）"),
    Compartment.READY: _l("書込み中・お渡し待ち"),
    Compartment.RETURNED: _l("返却（消去待ち）"),
    Compartment.BROKEN: _l("故障（廃棄待ち）"),
}
KINDS: Final[dict[FindingKind, LazyString]] = {
    FindingKind.COUNT: _l("数えた数と帳簿が違います"),
    FindingKind.LEDGER: _l("前回の締めと動きの記録から、帳簿の数が出ません"),
    FindingKind.MISSING: _l("帳簿にあるのに、見つかりません"),
    FindingKind.SURPLUS: _l("読み取ったのに、この店の帳簿にありません"),
    FindingKind.NO_JOB: _l("予約・書込み中なのに、書込みがありません"),
    FindingKind.NO_TOKEN: _l("お渡し待ち・利用中なのに、お客さまのトークンがありません"),
    FindingKind.ON_WAY: _l("7日たっても、移送先の店に届いていません"),
    FindingKind.HAS_TOKEN: _l("お客さまの手元にないはずなのに、トークンが残っています"),
}
MENDS: Final[dict[FindingKind, LazyString]] = {
    FindingKind.COUNT: _l("もう一度数えます。合わないときは、バーコードを読み取って締めると、番号が分かります。"),
    FindingKind.LEDGER: _l("システム担当へ連絡してください。"),
    FindingKind.MISSING: _l("見つからないときは、フォブの画面で紛失として登録します。"),
    FindingKind.SURPLUS: _l(
        "番号を確かめ、在庫に受け入れます。移送で届いたものは受け取りを登録し、よその店のものは戻します。"
    ),
    FindingKind.NO_JOB: _l("フォブの画面で記録を確かめ、役席者へ報告してください。"),
    FindingKind.NO_TOKEN: _l("フォブの画面で記録を確かめ、役席者へ報告してください。"),
    FindingKind.ON_WAY: _l(
        "相手の店に確かめます。戻ったときや見つからないときは、送った店がフォブの画面で登録します。"
    ),
    FindingKind.HAS_TOKEN: _l("お客さまの画面でトークンを終了してください。"),
}


def numbers(finding: Finding) -> str:
    """What it is about: a compartment with two numbers, or one serial."""
    if finding.compartment is None or finding.expected is None or finding.found is None:
        return finding.serial
    expected, found = finding.expected, finding.found
    if finding.kind is FindingKind.LEDGER:
        return str(_("計算では%(expected)s個、帳簿は%(found)s個", expected=expected, found=found))
    return str(_("帳簿は%(expected)s個、数えたのは%(found)s個", expected=expected, found=found))
