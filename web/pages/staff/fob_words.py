"""What a kind of fob can hold and what must be known of it before it is written, in words for the teller."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from provisioning.errors import CannotHold
from provisioning.jobs.fob_fit import FobFit
from provisioning.rules.parameters import OtpParameters, OtpType

NOTICES: Final[dict[str, LazyString]] = {
    "companion": _l("番号を見るには、お客さまのパソコンかスマートフォンに、メーカーのアプリが必要です。"),
    "clock_while_powered": _l(
        "このフォブの時計は、差し込まれている間しか動きません。お客さまにはメーカーのアプリが必要です。"
    ),
    "no_clock": _l("このフォブには時計がありません。番号を出すとき、メーカーのアプリが時刻を渡します。"),
    "device_types": _l("番号は、パソコンに差したフォブに触れると、キーボードのように入力されます。"),
    "by_counter": _l("番号は時刻ではなく、出した回数で決まります。むだに出すと、合わなくなることがあります。"),
    "type_from_display": _l("書き込んだあと、フォブに表示された番号を入力して照合します。"),
    "type_from_companion": _l("書き込んだあと、メーカーのアプリに表示された番号を入力して照合します。"),
    "press_to_prove": _l("書き込んだあと、番号の欄を選んでからフォブに触れ、入力された番号で照合します。"),
    "label": _l("このフォブは番号を名乗りません。同じ種類のフォブは1つだけ差し、背面の番号を入力してください。"),
    "locked": _l("書き込むと、この金融機関の端末からしか書き換えられないように保護されます。"),
}
"""By devices.notices.Notice."""
_PROOFS: Final = ("type_from_display", "type_from_companion", "press_to_prove")
_LIMITS: Final[dict[str, LazyString]] = {
    "slot": _l("書込み先"),
    "otp_type": _l("番号の方式"),
    "algorithm": _l("計算の方式"),
    "digits": _l("桁数"),
    "period_s": _l("切り替わる秒数"),
    "seed_bytes": _l("種の長さ（バイト）"),
    "counter": _l("最初の回数"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a fob cannot be taken: the sentence, and the limit with what is needed and what it takes."""

    sentence: str
    limit: LazyString | str
    asked: str
    allowed: str


def refusal_words(refusal: CannotHold | Mapping[str, str], wanted: OtpParameters) -> Refusal:
    """`wanted` is what the institution wants; `refusal` may come from a notice, as its attributes by name."""
    facts = refusal if isinstance(refusal, Mapping) else dataclasses.asdict(refusal)
    limit = _LIMITS.get(facts["limit"], facts["limit"])
    return Refusal(_sentence(wanted), limit, facts["asked"], facts["allowed"])


def _sentence(wanted: OtpParameters) -> str:
    if wanted.otp_type is OtpType.HOTP:
        return str(_("この機器には、%(digits)s桁で回数式のトークンを入れられません。", digits=wanted.digits))
    form = {"digits": wanted.digits, "period": wanted.period_s}
    return str(_("この機器には、%(digits)s桁・%(period)s秒のトークンを入れられません。", **form))


def notice_words(notices: Iterable[str]) -> list[LazyString]:
    """The sentences, in order."""
    return [NOTICES[notice] for notice in notices]


def proof_words(fit: FobFit) -> LazyString | None:
    """How the teller comes by the code that proves the write; None where the station reads it."""
    return next((NOTICES[notice] for notice in fit.notices if notice in _PROOFS), None)
