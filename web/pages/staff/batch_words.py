"""What a batch asks of the teller, and where each of its customers stands, in words."""

from __future__ import annotations

from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from provisioning.store.queries.batches import BatchItemState, BatchItemView, BatchStage
from web.pages.staff.device_words import StepWords
from web.wording import StateWords

STAGES: Final[dict[BatchStage, StepWords]] = {
    BatchStage.INSERT: StepWords(
        _l("次のフォブを差し込んでください"),
        _l("在庫の空のフォブなら、どれでもかまいません。差し込むと自動で始まります。"),
    ),
    BatchStage.WRITING: StepWords(_l("書き込んでいます"), _l("抜かずにお待ちください。")),
    BatchStage.PROVED: StepWords(
        _l("できました"), _l("フォブを抜き、背面の番号を確かめてお客さまの封筒に入れてから、次へ進みます。")
    ),
    BatchStage.TYPE_CODE: StepWords(
        _l("フォブの番号を入力してください"), _l("フォブに表示されている番号を入力すると、照合が終わります。")
    ),
    BatchStage.FAILED: StepWords(
        _l("書き込めませんでした"),
        _l("このフォブを取り分け、別のフォブで続けてください。お客さまの順番はそのままです。"),
    ),
    BatchStage.RESTING: StepWords(
        _l("休んでいます"), _l("しばらくキーが押されなかったため、差し込まれたフォブに書き込みません。")
    ),
    BatchStage.FINISHED: StepWords(_l("終わりました"), _l("一覧のお客さまの手続きは、すべて終わりました。")),
}
REASONS: Final[dict[str, LazyString]] = {
    "by_hand": _l("窓口で除きました"),
    "closed": _l("途中で終えました"),
    "has_token": _l("ほかの手続きが先に行われました"),
    "too_early": _l("まだ発行できない日です"),
}
"""Why a customer of a batch got no fob."""
_ITEMS: Final[dict[BatchStage, StateWords]] = {
    BatchStage.INSERT: StateWords("", _l("順番待ち")),
    BatchStage.WRITING: StateWords("progress", _l("書込み中")),
    BatchStage.PROVED: StateWords("active", _l("照合済み")),
    BatchStage.TYPE_CODE: StateWords("attention", _l("照合待ち")),
    BatchStage.FAILED: StateWords("danger", _l("失敗")),
}
_OVER: Final[dict[BatchItemState, StateWords]] = {
    BatchItemState.DONE: StateWords("active", _l("済み")),
    BatchItemState.SKIPPED: StateWords("", _l("除いた")),
}


def item(view: BatchItemView) -> StateWords:
    """Where one customer of a batch stands."""
    return _OVER.get(view.state) or _ITEMS[view.stage]
