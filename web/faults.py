"""The face of errors: typed errors become a status, and words for people or JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Flask, jsonify, make_response, render_template, request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, TooManyRequests
from werkzeug.wrappers import Response

from provisioning.errors import (
    AlreadyTaken,
    BadInput,
    CannotHold,
    ClockUntrusted,
    KagiyaError,
    NotFound,
    StoreUnavailable,
    TooEarly,
    VaultError,
    WrongState,
)


@dataclass(frozen=True, slots=True)
class Telling:
    """How one kind of error is told: HTTP status, a name for programs, and what, why and what now for people."""

    status: int
    name: str
    what: LazyString
    why: LazyString
    now_what: LazyString


_NOTHING_CHANGED = _l("何も変更されていません。")
_BUSY = Telling(
    503,
    "unavailable",
    _l("ただいまお手続きを受け付けられません"),
    _l("システムが一時的に応答できない状態です。お客さまの操作によるものではありません。何も変更されていません。"),
    _l("しばらくたってから、もう一度お試しください。"),
)
_TELLINGS: Final[tuple[tuple[type[Exception], Telling], ...]] = (
    (
        BadInput,
        Telling(
            422,
            "bad_input",
            _l("入力内容をご確認ください"),
            _l("受け付けられない項目があるため、お手続きを進めませんでした。何も変更されていません。"),
            _l("前の画面に戻って、入力し直してください。"),
        ),
    ),
    (
        NotFound,
        Telling(
            404,
            "not_found",
            _l("お探しのものが見つかりません"),
            _l("番号が違うか、すでになくなっています。"),
            _l("最初の画面からもう一度お進みください。"),
        ),
    ),
    (
        WrongState,
        Telling(
            409,
            "wrong_state",
            _l("いまの状態では、このお手続きはできません"),
            _l("別の画面または窓口で、先に状態が変わった可能性があります。何も変更されていません。"),
            _l("現在の状態をご確認のうえ、もう一度お進みください。"),
        ),
    ),
    (
        AlreadyTaken,
        Telling(
            409,
            "already_taken",
            _l("ほかのお手続きが先に行われました"),
            _l("同じお手続きが同時に行われ、先のほうが受け付けられました。何も変更されていません。"),
            _l("現在の状態をご確認ください。"),
        ),
    ),
    (
        TooEarly,
        Telling(
            409,
            "too_early",
            _l("まだこのお手続きはできません"),
            _l("前のお手続きから、決められた時間がたっていません。何も変更されていません。"),
            _l("時間をおいてから、もう一度お試しください。"),
        ),
    ),
    (
        CannotHold,
        Telling(
            409,
            "cannot_hold",
            _l("この種類のフォブは使えません"),
            _l("この金融機関のトークンを入れられない種類です。何も書き込まれていません。"),
            _l("別の種類のフォブをお使いください。"),
        ),
    ),
    (StoreUnavailable, _BUSY),
    (VaultError, _BUSY),
    (ClockUntrusted, _BUSY),
    (
        CSRFError,
        Telling(
            400,
            "form_expired",
            _l("この画面の有効期限が切れました"),
            _l("しばらく操作がなかったか、別の画面でログインし直したため、送信を受け付けませんでした。"),
            _l("最初の画面からもう一度お進みください。"),
        ),
    ),
)
_HTTP: Final[dict[int, Telling]] = {
    404: Telling(
        404,
        "not_found",
        _l("ページが見つかりません"),
        _l("アドレスが違うか、ページがなくなっています。"),
        _l("最初の画面からもう一度お進みください。"),
    ),
    405: Telling(
        405,
        "method_not_allowed",
        _l("この操作は受け付けられません"),
        _l("このページは、その方法では開けません。"),
        _l("最初の画面からもう一度お進みください。"),
    ),
    403: Telling(
        403,
        "forbidden",
        _l("この操作は許可されていません"),
        _l("ご担当の権限では行えない操作です。何も変更されていません。"),
        _l("権限のある担当者にご相談ください。"),
    ),
    413: Telling(
        413,
        "too_large",
        _l("送信された内容が大きすぎます"),
        _NOTHING_CHANGED,
        _l("内容を減らして、もう一度お試しください。"),
    ),
    429: Telling(
        429,
        "too_many_requests",
        _l("短い時間に送信が続きました"),
        _l(
            "送信が続けて届いたため、最後の送信は受け付けませんでした。何も変更されていません。間違いの回数にも数えていません。"
        ),
        _l("少し待ってから、前の画面に戻って、もう一度お試しください。"),
    ),
}
_UNKNOWN: Final = Telling(
    500,
    "internal",
    _l("お手続きを完了できませんでした"),
    _l("システムの内部で予期しないことが起きました。お客さまの操作によるものではありません。"),
    _l("現在の状態をご確認のうえ、もう一度お試しください。続くときは、お問い合わせください。"),
)


def set_up_faults(app: Flask) -> None:
    """Answer every error with `tell`."""
    app.register_error_handler(KagiyaError, tell)
    app.register_error_handler(HTTPException, tell)


def tell(error: Exception) -> Response | tuple[Response, int]:
    """The answer to `error`: JSON under /api/, a page elsewhere. Never shows what was typed."""
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, KagiyaError):
        error = error.original_exception
    if isinstance(error, HTTPException) and (error.code or 500) < 400:
        return error.get_response()
    telling = _telling(error)
    if _wants_json():
        return jsonify({"error": telling.name, **_facts(error)}), telling.status
    until, wait_s = getattr(error, "until", None), _wait_s(error)
    page = render_template("base/error.html", telling=telling, until=until, wait_s=wait_s, home=_home())
    answer = make_response(page, telling.status)
    if wait_s is not None:
        answer.headers["Retry-After"] = str(wait_s)
    return answer


def _telling(error: Exception) -> Telling:
    for kind, telling in _TELLINGS:
        if isinstance(error, kind):
            return telling
    if isinstance(error, HTTPException) and error.code in _HTTP:
        return _HTTP[error.code]
    if isinstance(error, HTTPException) and error.code not in (None, 500):
        return Telling(error.code or 500, "refused", _UNKNOWN.what, _NOTHING_CHANGED, _UNKNOWN.now_what)
    return _UNKNOWN


def _facts(error: Exception) -> dict[str, Any]:
    match error:
        case BadInput(field, fault):
            return {"field": field, "fault": fault.value}
        case NotFound(what) | AlreadyTaken(what):
            return {"what": what}
        case WrongState(what, state):
            return {"what": what, "state": state}
        case CannotHold(limit, asked, allowed):
            return {"limit": limit, "asked": asked, "allowed": allowed}
        case TooEarly(until):
            return {"until": until.isoformat()}
        case _:
            return {}


def _wait_s(error: Exception) -> int | None:
    """Seconds after which a post is taken again."""
    wait_s = error.retry_after if isinstance(error, TooManyRequests) else None
    return wait_s if isinstance(wait_s, int) else None


def _home() -> str:
    """The first page of where the reader is."""
    return next((area for area in ("/portal/", "/staff/") if request.path.startswith(area)), "/")


def _wants_json() -> bool:
    return request.path.startswith("/api/") or "/api/" in request.path
