"""The rig's routes: the contract's JSON, and the page that people look at."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import Flask, Response, abort, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from tests.rig.clock import JAPAN, OffsetTooLarge, RigClock
from tests.rig.drawer import Drawer, UnknownFob
from tests.rig.faults import WITH_REPORT, FaultKind
from tests.rig.mail_catcher import CaughtMail, Inbox
from tests.rig.page.words import LANGUAGES, words
from tests.rig.views import FobView

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_WEEKDAYS: Final = "月火水木金土日"


def create_rig_app(clock: RigClock, inbox: Inbox, drawer: Drawer, home_url: str = "/") -> Flask:
    """The rig as a WSGI application, to be mounted at `/rig`. `home_url` leads back to the demo."""
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    _add_guards(app)
    _add_page(app, clock, inbox, drawer, home_url)
    _add_fobs(app, drawer)
    _add_inbox(app, inbox)
    _add_clock(app, clock)
    return app


def _add_guards(app: Flask) -> None:
    @app.before_request
    def refuse_other_sites() -> None:
        """A page on another site may not move this clock or pull these cables."""
        site = request.headers.get("Sec-Fetch-Site", "none")
        if request.method == "POST" and site not in ("none", "same-origin"):
            abort(403)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.extend(_HEADERS)
        return response

    @app.errorhandler(UnknownFob)
    def unknown_fob(_error: UnknownFob) -> ResponseReturnValue:
        return jsonify(error="no fob with this serial"), 404


def _add_page(app: Flask, clock: RigClock, inbox: Inbox, drawer: Drawer, home_url: str) -> None:
    @app.get("/")
    def page() -> ResponseReturnValue:
        language = _language()
        text = render_template(
            "rig.html",
            language=language,
            words=words(language),
            clock=_clock_state(clock, language),
            fobs=drawer.views(),
            mails=list(reversed(inbox.mails())),
            mail_time=_japan_time,
            fault_kinds=list(FaultKind),
            with_report=WITH_REPORT,
            home_url=home_url,
        )
        response = Response(text)
        response.set_cookie("rig_language", language, samesite="Strict")
        return response

    @app.get("/state")
    def state() -> ResponseReturnValue:
        """Everything on the page that moves."""
        return jsonify(
            clock=_clock_state(clock, _language()),
            fobs=[_fob_state(fob) for fob in drawer.views()],
            mails=inbox.count(),
        )


def _add_fobs(app: Flask, drawer: Drawer) -> None:
    @app.get("/fobs/<serial>")
    def fob(serial: str) -> ResponseReturnValue:
        """For whoever needs the code: while the station talks to the fob the answer waits a moment."""
        return jsonify(_fob_state(drawer.view_when_quiet(serial)))

    @app.post("/fobs/<serial>/plug")
    def plug(serial: str) -> ResponseReturnValue:
        drawer.plug(serial)
        return _done(_fob_state(drawer.view(serial)))

    @app.post("/fobs/<serial>/unplug")
    def unplug(serial: str) -> ResponseReturnValue:
        drawer.unplug(serial)
        return _done(_fob_state(drawer.view(serial)))

    @app.post("/fobs/<serial>/press")
    def press(serial: str) -> ResponseReturnValue:
        drawer.press(serial)
        return _done(_fob_state(drawer.view(serial)))

    @app.post("/fobs/<serial>/fault")
    def fault(serial: str) -> ResponseReturnValue:
        body = _body()
        try:
            kind, report = FaultKind(body.get("kind", "")), int(body.get("report") or 1)
        except (ValueError, TypeError):
            return jsonify(error=f"kind is one of {', '.join(FaultKind)}; report is a number from 1"), 422
        drawer.switch_fault(serial, kind, max(1, report))
        return _done(_fob_state(drawer.view(serial)))


def _add_inbox(app: Flask, inbox: Inbox) -> None:
    @app.get("/mails")
    def mails() -> ResponseReturnValue:
        """The mails as JSON, oldest first; `?to=ADDRESS` limits to one recipient."""
        return jsonify([_mail_state(mail) for mail in inbox.mails(request.args.get("to"))])


def _add_clock(app: Flask, clock: RigClock) -> None:
    @app.get("/clock")
    def read_clock() -> ResponseReturnValue:
        return jsonify(_clock_state(clock, _language()))

    @app.post("/clock")
    def move_clock() -> ResponseReturnValue:
        body = _body()
        try:
            _move(clock, body)
        except OffsetTooLarge:
            return jsonify(error="advance_s leads further than fifty years away"), 422
        except (KeyError, TypeError, ValueError):
            return jsonify(error="give advance_s in whole seconds, or to as HH:MM:SS"), 422
        return _done(_clock_state(clock, _language()))


def _move(clock: RigClock, body: dict[str, Any]) -> None:
    """`advance_s`: seconds. `to`: a time of day in Japan. Raises KeyError, TypeError, ValueError."""
    target = body.get("to")
    if target is not None:
        time = datetime.strptime(target, "%H:%M:%S")  # noqa: DTZ007 - only a time of day is read
        clock.advance_to(time.hour, time.minute, time.second)
    elif isinstance(body["advance_s"], bool | float):
        raise TypeError
    else:
        clock.advance(int(body["advance_s"]))


def _done(state: dict[str, Any]) -> ResponseReturnValue:
    """A form on the page goes back to the page, a program gets JSON."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return redirect(f"{request.script_root}/", 303)
    return jsonify(state)


def _body() -> dict[str, Any]:
    value = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    return value if isinstance(value, dict) else {}


def _language() -> str:
    for wanted in (request.args.get("lang"), request.cookies.get("rig_language")):
        if wanted in LANGUAGES:
            return wanted
    return "ja"


def _fob_state(fob: FobView) -> dict[str, Any]:
    return {
        "serial": fob.serial,
        "display": fob.display,
        "plugged": fob.plugged,
        "light": fob.light,
        "seconds_left": fob.seconds_left,
        "period_s": fob.period_s,
        "has_button": fob.has_button,
        "battery_percent": fob.battery_percent,
        "generation": fob.generation,
        "fault": fob.fault,
        "fault_report": fob.fault_report,
    }


def _mail_state(mail: CaughtMail) -> dict[str, Any]:
    return {
        "subject": mail.subject,
        "text": mail.text,
        "from": mail.sender,
        "to": mail.recipient,
        "received_at": mail.received_at.isoformat(),
    }


def _clock_state(clock: RigClock, language: str) -> dict[str, Any]:
    offset_s = clock.offset_s
    now = clock.now()
    here = now.astimezone(JAPAN)
    date = here.strftime("%Y年%-m月%-d日") + f"（{_WEEKDAYS[here.weekday()]}）"
    if language == "en":
        date = here.strftime("%A, %-d %B %Y")
    return {
        "unix_time": now.timestamp(),
        "offset_s": offset_s,
        "now": here.isoformat(timespec="seconds"),
        "date": date,
        "time": here.strftime("%H:%M:%S"),
        "offset": _span(offset_s, words(language)["days"]),
    }


def _span(seconds: int, days_word: str) -> str:
    """`+1日 0:01:00`, or nothing for zero."""
    if seconds == 0:
        return ""
    days, rest = divmod(abs(seconds), 86_400)
    text = f"{rest // 3600}:{rest % 3600 // 60:02}:{rest % 60:02}"
    return ("+" if seconds > 0 else "−") + (f"{days}{days_word} " if days else "") + text


def _japan_time(moment: datetime) -> str:
    return moment.astimezone(JAPAN).strftime("%-m/%-d %H:%M:%S")
