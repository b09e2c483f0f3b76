"""Why a fob cannot be used or written, and the mend, in words for the teller: say which, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from provisioning.store.queries.next_step import NextStep
from provisioning.store.queries.stations import ProblemView


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong, and what to do about it."""

    reason: LazyString
    mend: LazyString


_DIAGNOSES: Final[dict[str, Diagnosis]] = {
    "not_found": Diagnosis(
        _l("端末はこのフォブを見つけられませんでした。"), _l("フォブをもう一度、奥まで差し込んでください。")
    ),
    "not_alone": Diagnosis(
        _l("同じ番号のフォブ、または番号を名乗らない同じ種類のフォブが、2つ以上つながっています。"),
        _l("お客さまにお渡しする1つだけを残して抜いてください。"),
    ),
    "wrong_serial": Diagnosis(
        _l("予約したものとは別のフォブが差し込まれています。"), _l("背面の番号を確かめて、差し替えてください。")
    ),
    "link_lost": Diagnosis(
        _l("書き込みの途中でフォブが抜けました。"), _l("もう一度差し込んでください。最初からやり直します。")
    ),
    "timeout": Diagnosis(
        _l("フォブの応答が途切れました。"),
        _l("一度抜いて差し直してください。くり返すときは別のフォブを使ってください。"),
    ),
    "busy": Diagnosis(
        _l("ほかのプログラムがフォブを使っています。"),
        _l("端末で開いているほかの書込みプログラムを閉じて、差し直してください。"),
    ),
    "permission": Diagnosis(
        _l("端末にこのフォブを開く権限がありません。"),
        _l("端末で kagiya doctor を実行し、表示された規則を入れてください（システム担当）。"),
    ),
    "bad_answer": Diagnosis(
        _l("フォブから読み取れない応答が返りました。"),
        _l("差し直してください。くり返すときは故障として登録してください。"),
    ),
    "refused_by_device": Diagnosis(
        _l("フォブが書き込みを受け付けませんでした。"),
        _l("差し直してください。くり返すときは故障として登録してください。"),
    ),
    "unsupported_firmware": Diagnosis(
        _l("このフォブのファームウェアには対応していません。"),
        _l("別のフォブを使い、このフォブの番号をシステム担当へ伝えてください。"),
    ),
    "unknown_device": Diagnosis(
        _l("登録されていない種類の機器です。"), _l("鍵屋で使うフォブかどうか、機種名を確かめてください。")
    ),
    "not_genuine": Diagnosis(
        _l("正規のフォブと確認できません。"), _l("使わずに取り分け、役席者へ報告してください。")
    ),
    "low_battery": Diagnosis(
        _l("フォブの電池が足りません。"), _l("別のフォブを使い、このフォブは廃棄として登録してください。")
    ),
    "wrong_clock": Diagnosis(
        _l("フォブの時計を合わせられません。"), _l("別のフォブを使い、このフォブは故障として登録してください。")
    ),
    "over_limits": Diagnosis(
        _l("このフォブでは、この金融機関の設定の番号を作れません。"), _l("別の種類のフォブを使ってください。")
    ),
    "wrong_access_code": Diagnosis(
        _l("フォブが、鍵屋の知らないアクセスコードで保護されています。"),
        _l("別のフォブを使い、このフォブは役席者へ渡してください。メーカーの手順で初期化すると使えます。"),
    ),
    "last_try": Diagnosis(
        _l("あと1回まちがえるとフォブが完全にロックされるため、書き込みを止めました。"),
        _l("別のフォブを使い、このフォブは役席者へ渡してください。"),
    ),
    "device_locked": Diagnosis(
        _l("フォブがロックされているか、暗証番号がまだ設定されていません。"),
        _l("メーカーの手順でロックを解くか初期化してから、もう一度差してください。"),
    ),
    "not_touched": Diagnosis(
        _l("フォブへのタッチ（ボタン操作）がありませんでした。"),
        _l("画面に表示されたらフォブに触れてください。自動でやり直します。"),
    ),
    "still_there": Diagnosis(
        _l("書き終わったフォブが、まだ差し込まれているようです。"),
        _l("抜いて封筒に入れてから、次へ進んでください。"),
    ),
    "overtaken": Diagnosis(
        _l("書き込みの前に、このフォブへ別の書き込みがありました。"),
        _l("フォブを差したままお待ちください。最初からやり直します。"),
    ),
    "not_proved": Diagnosis(
        _l("書き込んだ後の番号が一致しませんでした。"),
        _l("新しい種で最初からやり直します。差したままお待ちください。"),
    ),
    "seed_unreadable": Diagnosis(
        _l("端末が暗号を開けませんでした。"), _l("端末を登録し直してください（システム担当）。")
    ),
    "station_restarted": Diagnosis(
        _l("書き込みの途中で端末が再起動しました。"),
        _l("フォブを差したままお待ちください。最初からやり直します。"),
    ),
    "station_silent": Diagnosis(
        _l("書き込みの途中で端末の応答がなくなりました。"), _l("端末の電源とネットワークを確かめてください。")
    ),
    "cancelled": Diagnosis(_l("窓口で取りやめました。"), _l("フォブは消去してから在庫に戻してください。")),
}
_ANYTHING_ELSE: Final = Diagnosis(
    _l("フォブを使えません。"), _l("差し直してください。くり返すときはシステム担当へ連絡してください。")
)


_LOCKED: Final[dict[str, Diagnosis]] = {
    "application_closed": Diagnosis(
        _l("機器のアプリが開いていません。"),
        _l("機器の画面で Authenticator を開いてください。開くと見つかります。"),
    ),
    "application": Diagnosis(
        _l("機器のアプリが、鍵屋の知らないパスワードで保護されています。"),
        _l("別の機器を使ってください。メーカーの手順でアプリを初期化すると使えます。"),
    ),
    "pin": Diagnosis(_l("機器がロックされています。"), _l("機器のボタンで暗証番号を入力してください。")),
    "pin_not_set": Diagnosis(
        _l("機器に暗証番号が設定されていません。"),
        _l("メーカーの手順で暗証番号を設定してから、もう一度差してください。"),
    ),
    "config_mode": Diagnosis(
        _l("機器が設定モードになっていません。"),
        _l("ボタンを長押しし、暗証番号をもう一度入力して、設定モードにしてください。"),
    ),
    "admin_pin": Diagnosis(
        _l("機器の管理者用暗証番号が、まちがいの回数の上限に達してロックされています。"),
        _l("別の機器を使ってください。メーカーの手順で工場出荷時の状態に戻すと使えます。"),
    ),
    "user_pin": Diagnosis(
        _l("機器が、番号を出す前に利用者の暗証番号を求める設定になっています。"),
        _l("だれかが使っている機器かもしれません。別の機器を使うか、メーカーのアプリでこの設定を外してください。"),
    ),
}
"""What exactly is locked, as devices.errors.DeviceLocked names it."""


def diagnosis(code: str, facts: Mapping[str, str] | None = None) -> Diagnosis:
    """Words for a code of devices.contract.FailureCode and its facts."""
    known = _DIAGNOSES.get(code, _ANYTHING_ELSE)
    return _LOCKED.get((facts or {}).get("what", ""), known) if code == "device_locked" else known


_FACTS: Final[dict[str, LazyString]] = {
    "path": _l("接続口"),
    "holder": _l("使用中のプログラム"),
    "rule": _l("規則ファイル"),
    "group": _l("グループ"),
    "waited_s": _l("待った時間"),
    "what": _l("不一致"),
    "command": _l("命令"),
    "status": _l("応答"),
    "serial": _l("予約したフォブ"),
    "found": _l("差し込まれているフォブ"),
    "count": _l("台数"),
    "model": _l("機種"),
    "firmware": _l("ファームウェア"),
    "reason": _l("内容"),
    "percent": _l("電池残量"),
    "minimum_percent": _l("必要な残量"),
    "offset_s": _l("ずれ"),
    "tolerance_s": _l("許されるずれ"),
    "tries_left": _l("残りの回数"),
    "limit": _l("項目"),
    "asked": _l("必要"),
    "allowed": _l("上限"),
}


def facts_in_words(facts: Mapping[str, str]) -> list[tuple[LazyString, str]]:
    """Facts of a problem as pairs of name and value; those without a name of ours are for the log only."""
    return [(_FACTS[name], _with_unit(name, value)) for name, value in facts.items() if name in _FACTS]


def _with_unit(name: str, value: str) -> str:
    if name.endswith("percent"):
        return f"{value}%"
    return str(_("%(n)s 秒", n=value)) if name.endswith("_s") else value


def problem_in_words(problem: ProblemView) -> tuple[Diagnosis, list[tuple[LazyString, str]]]:
    """Diagnosis and facts."""
    # what is locked is told by the sentences
    facts = {} if problem.code == "device_locked" else problem.facts
    return diagnosis(problem.code, problem.facts), facts_in_words(facts)


@dataclass(frozen=True, slots=True)
class StepWords:
    """What the programming page says for one next step: its headline, and what to do (or to tell the customer)."""

    title: LazyString
    text: LazyString


NEXT_STEPS: Final[dict[NextStep, StepWords]] = {
    NextStep.START_STATION: StepWords(
        _l("端末がつながっていません"),
        _l(
            "書込み端末の電源、ネットワーク、時計を確かめ、kagiya station run が動いているか見てください。"
            "つながると自動で始まります。"
        ),
    ),
    NextStep.PLUG_IN: StepWords(
        _l("フォブを端末に差し込んでください"),
        _l("背面の番号が下と同じフォブを、奥まで差し込みます。見つかると自動で書き込みを始めます。"),
    ),
    NextStep.MEND_DEVICE: StepWords(
        _l("フォブは見えていますが、まだ使えません"), _l("下の手当てをすると、自動で始まります。")
    ),
    NextStep.REMOVE_DOUBLE: StepWords(
        _l("フォブが2つ見えています"), _l("お渡しする1つだけを残して、ほかを抜いてください。")
    ),
    NextStep.WAIT: StepWords(
        _l("書き込んでいます"), _l("途中で抜いても大丈夫です。抜いた場合は、新しい種で最初からやり直します。")
    ),
    NextStep.TOUCH: StepWords(
        _l("いま、フォブに触れてください"),
        _l("フォブが触れられるのを待っています。光っているところに指を1秒ほど当てると、書き込みが続きます。"),
    ),
    NextStep.PRESS_BUTTON: StepWords(
        _l("いま、フォブのボタンを押してください"),
        _l("フォブがボタンを待っています。押すと、書き込みが続きます。"),
    ),
    NextStep.ENTER_PIN: StepWords(
        _l("いま、フォブに暗証番号を入力してください"),
        _l("フォブのロックを、フォブのボタンで解いてください。解けると、書き込みが続きます。"),
    ),
    NextStep.TYPE_CODE: StepWords(
        _l("フォブの番号を入力してください"),
        _l("書き込みは終わりました。フォブのボタンを押し、いま表示されている番号を下に入力して照合します。"),
    ),
    NextStep.HAND_OVER: StepWords(
        _l("お客さまにお渡しください"),
        _l("書き込みと照合が終わりました。フォブを抜き、背面の番号をお客さまと一緒に確かめてからお渡しします。"),
    ),
    NextStep.LET_ACTIVATE: StepWords(
        _l("お渡ししました"),
        _l(
            "お客さまに「インターネットバンキングの『ワンタイムパスワード利用開始』で、フォブの番号を入力してください」とご案内ください。"
        ),
    ),
    NextStep.FOLLOW_NEXT_ATTEMPT: StepWords(
        _l("新しい種でやり直しています"),
        _l("前の書き込みは取り消され、その種は破棄されました。次の書き込みが自動で作られています。"),
    ),
    NextStep.ERASE_FOB: StepWords(
        _l("このフォブは消去が必要です"), _l("中身がお客さまのものでなくなったため、消去してから在庫に戻します。")
    ),
    NextStep.CHOOSE_AGAIN: StepWords(
        _l("この書き込みは終わりました"),
        _l("お客さまのトークンはまだ発行されていません。フォブを選び直してください。"),
    ),
    NextStep.NOTHING: StepWords(_l("完了しています"), _l("この書き込みについて、することはありません。")),
}
WITH_SEED: Final[dict[NextStep, StepWords]] = {
    NextStep.TYPE_CODE: StepWords(
        _l("フォブの番号を入力してください"),
        _l("このフォブには、出荷時から種が入っています。いま表示されている番号を下に入力して照合します。"),
    ),
    NextStep.HAND_OVER: StepWords(
        _l("お客さまにお渡しください"),
        _l("照合が終わりました。背面の番号をお客さまと一緒に確かめてからお渡しします。"),
    ),
}
"""Of a fob that came with its seed, and was never plugged in."""
BEGINNING: Final = StepWords(_l("フォブを見つけました"), _l("まもなく始まります。そのまま差しておいてください。"))
ERASED: Final = StepWords(_l("消去しました"), _l("フォブは空になり、在庫に戻りました。"))
ERASING: Final = StepWords(_l("消去しています"), _l("終わるまで差したままにしてください。"))
