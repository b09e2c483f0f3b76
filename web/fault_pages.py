"""What went wrong, why, and what now: the page that tells people of an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog
from flask import make_response, render_template, request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import NotFound, TooManyRequests
from werkzeug.wrappers import Response

from web.faults import Fault, FaultName


@dataclass(frozen=True, slots=True)
class Telling:
    """How one kind of error is told to people."""

    what: LazyString
    why: LazyString
    now_what: LazyString


_NOTHING_CHANGED: Final = _l("何も変更されていません。")
_WORDS: Final = {
    FaultName.BAD_INPUT: Telling(
        _l("入力内容をご確認ください"),
        _l("受け付けられない項目があるため、お手続きを進めませんでした。何も変更されていません。"),
        _l("前の画面に戻って、入力し直してください。"),
    ),
    FaultName.WRONG_STATE: Telling(
        _l("いまの状態では、このお手続きはできません"),
        _l("別の画面または窓口で、先に状態が変わった可能性があります。何も変更されていません。"),
        _l("現在の状態をご確認のうえ、もう一度お進みください。"),
    ),
    FaultName.ALREADY_TAKEN: Telling(
        _l("ほかのお手続きが先に行われました"),
        _l("同じお手続きが同時に行われ、先のほうが受け付けられました。何も変更されていません。"),
        _l("現在の状態をご確認ください。"),
    ),
    FaultName.TOO_EARLY: Telling(
        _l("まだこのお手続きはできません"),
        _l("前のお手続きから、決められた時間がたっていません。何も変更されていません。"),
        _l("時間をおいてから、もう一度お試しください。"),
    ),
    FaultName.CANNOT_HOLD: Telling(
        _l("この種類のフォブは使えません"),
        _l("この金融機関のトークンを入れられない種類です。何も書き込まれていません。"),
        _l("別の種類のフォブをお使いください。"),
    ),
    FaultName.UNAVAILABLE: Telling(
        _l("ただいまお手続きを受け付けられません"),
        _l("システムが一時的に応答できない状態です。操作の誤りによるものではありません。何も変更されていません。"),
        _l("しばらくたってから、もう一度お試しください。"),
    ),
    FaultName.OUTCOME_UNKNOWN: Telling(
        _l("お手続きの結果を確認できませんでした"),
        _l(
            "受け付けの途中でシステムが応答できなくなりました。操作の誤りによるものではありません。受け付けられている場合と、受け付けられていない場合があります。"
        ),
        _l("しばらくたってから、現在の状態をご確認ください。"),
    ),
    FaultName.METHOD_NOT_ALLOWED: Telling(
        _l("この操作は受け付けられません"),
        _l("このページは、その方法では開けません。"),
        _l("最初の画面からもう一度お進みください。"),
    ),
    FaultName.FORBIDDEN: Telling(
        _l("この操作は許可されていません"),
        _l("ご担当の権限では行えない操作です。何も変更されていません。"),
        _l("権限のある担当者にご相談ください。"),
    ),
    FaultName.TOO_LARGE: Telling(
        _l("送信された内容が大きすぎます"),
        _NOTHING_CHANGED,
        _l("内容を減らして、もう一度お試しください。"),
    ),
    FaultName.TOO_MANY_REQUESTS: Telling(
        _l("短い時間に送信が続きました"),
        _l(
            "送信が続けて届いたため、最後の送信は受け付けませんでした。何も変更されていません。間違いの回数にも数えていません。"
        ),
        _l("少し待ってから、前の画面に戻って、もう一度お試しください。"),
    ),
    FaultName.INTERNAL: Telling(
        _l("お手続きを完了できませんでした"),
        _l("システムの内部で予期しないことが起きました。操作の誤りによるものではありません。"),
        _l("現在の状態をご確認のうえ、もう一度お試しください。続くときは、お問い合わせください。"),
    ),
    FaultName.NOT_FOUND: Telling(
        _l("お探しのものが見つかりません"),
        _l("番号が違うか、すでになくなっています。"),
        _l("最初の画面からもう一度お進みください。"),
    ),
}
_NO_PAGE: Final = Telling(
    _l("ページが見つかりません"),
    _l("アドレスが違うか、ページがなくなっています。"),
    _l("最初の画面からもう一度お進みください。"),
)
_FORM_EXPIRED: Final = Telling(
    _l("この画面の有効期限が切れました"),
    _l("しばらく操作がなかったか、別の画面でログインし直したため、送信を受け付けませんでした。"),
    _l("最初の画面からもう一度お進みください。"),
)
_UNKNOWN: Final = _WORDS[FaultName.INTERNAL]
_OURS: Final = frozenset({FaultName.INTERNAL, FaultName.UNAVAILABLE, FaultName.OUTCOME_UNKNOWN})
"""Nobody's mistake: whoever is asked about it finds it in the log by the request's number."""
_REFUSED: Final = Telling(_UNKNOWN.what, _NOTHING_CHANGED, _UNKNOWN.now_what)


def fault_page(error: Exception, fault: Fault) -> Response:
    """The page, with the fault's status: until when or how long to wait where `error` knows, and which request."""
    page = render_template(
        "base/error.html",
        telling=_telling(error, fault),
        until=getattr(error, "until", None),
        wait_s=error.retry_after if isinstance(error, TooManyRequests) else None,
        home=_home(),
        request_id=structlog.contextvars.get_contextvars().get("request_id") if fault.name in _OURS else None,
    )
    return make_response(page, fault.status)


def _telling(error: Exception, fault: Fault) -> Telling:
    if isinstance(error, CSRFError):
        return _FORM_EXPIRED
    if isinstance(error, NotFound):
        return _NO_PAGE
    return _WORDS.get(fault.name, _REFUSED)


def _home() -> str:
    """The first page of where the reader is; /company/ is not everybody's."""
    homes = {"/portal/": "/portal/", "/company/": "/portal/", "/staff/": "/staff/"}
    return next((home for area, home in homes.items() if request.path.startswith(area)), "/")
