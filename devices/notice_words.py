"""The sentences of `devices.notices`, in Japanese and English, for whoever works at the desk itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from devices.notices import Notice

_JA: Final[Mapping[Notice, str]] = {
    Notice.COMPANION: "番号を見るには、お客さまの側にメーカーのアプリが必要です。",
    Notice.CLOCK_WHILE_POWERED: "時計は差し込まれている間しか動きません。お客さまにはメーカーのアプリが必要です。",
    Notice.NO_CLOCK: "時計がありません。番号を出すとき、メーカーのアプリが時刻を渡します。",
    Notice.DEVICE_TYPES: "番号は、触れるとキーボードのように入力されます。",
    Notice.BY_COUNTER: "番号は時刻ではなく、出した回数で決まります。",
    Notice.TYPE_FROM_DISPLAY: "書き込んだあと、表示された番号を入力して照合します。",
    Notice.TYPE_FROM_COMPANION: "書き込んだあと、メーカーのアプリに表示された番号を入力して照合します。",
    Notice.PRESS_TO_PROVE: "書き込んだあと、触れて入力された番号で照合します。",
    Notice.LABEL: "番号を名乗りません。同じ種類は1つだけ差し、背面の番号を入力します。",
    Notice.LOCKED: "書き込むと、この金融機関の端末からしか書き換えられないように保護されます。",
}
_EN: Final[Mapping[Notice, str]] = {
    Notice.COMPANION: "To see the codes, the customer needs the maker's companion app.",
    Notice.CLOCK_WHILE_POWERED: (
        "Its clock is kept only while it is plugged in: the customer needs the companion app."
    ),
    Notice.NO_CLOCK: "It has no clock: the companion app gives it the time for every code.",
    Notice.DEVICE_TYPES: "It types its code like a keyboard when it is touched.",
    Notice.BY_COUNTER: "Its codes follow a count, not the time.",
    Notice.TYPE_FROM_DISPLAY: "After the writing, type the code from its display.",
    Notice.TYPE_FROM_COMPANION: "After the writing, type the code that the maker's app shows.",
    Notice.PRESS_TO_PROVE: "After the writing, touch it: it types the code that proves it.",
    Notice.LABEL: "It tells no number: plug in only one of its kind, and type the number on its back.",
    Notice.LOCKED: "Writing locks it so that only this institution's stations can write it again.",
}
WORDS: Final[Mapping[str, Mapping[Notice, str]]] = {"ja": _JA, "en": _EN}
