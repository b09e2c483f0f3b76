"""What a batch asks of the teller, and where each of its customers stands, in words."""

from __future__ import annotations

from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from provisioning.rules.states import JobState
from provisioning.store.queries.batches import BatchItemState, BatchItemView, BatchStage
from provisioning.store.queries.next_step import NextStep
from web.pages.staff.device_words import NEXT_STEPS, StepWords
from web.pages.staff.words import JOB
from web.wording import StateWords

STAGES: Final[dict[BatchStage, StepWords]] = {
    BatchStage.INSERT: StepWords(
        _l("次のフォブを差し込んでください"),
        _l("在庫の空のフォブなら、どれでもかまいません。差し込むと自動で始まります。"),
    ),
    BatchStage.WRITING: StepWords(NEXT_STEPS[NextStep.WAIT].title, _l("抜かずにお待ちください。")),
    BatchStage.PROVED: StepWords(
        _l("できました"), _l("フォブを抜き、背面の番号を確かめてお客さまの封筒に入れてから、次へ進みます。")
    ),
    BatchStage.TYPE_CODE: StepWords(
        NEXT_STEPS[NextStep.TYPE_CODE].title, _l("フォブに表示されている番号を入力すると、照合が終わります。")
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
    "restricted": _l("発行規制中です"),
    "approval": _l("役席者の承認が必要です"),
}
"""Why a customer of a batch got no fob."""
_ITEMS: Final[dict[BatchStage, StateWords]] = {
    BatchStage.INSERT: StateWords("", _l("順番待ち")),
    BatchStage.WRITING: JOB[JobState.WRITING],
    BatchStage.PROVED: JOB[JobState.PROVED],
    BatchStage.TYPE_CODE: JOB[JobState.WRITTEN],
    BatchStage.FAILED: JOB[JobState.FAILED],
}
_OVER: Final[dict[BatchItemState, StateWords]] = {
    BatchItemState.DONE: StateWords("active", _l("済み")),
    BatchItemState.SKIPPED: StateWords("", _l("除いた")),
}


def item(view: BatchItemView) -> StateWords:
    """Where one customer of a batch stands."""
    return _OVER.get(view.state) or _ITEMS[view.stage]
