"""Server-side sessions behind `flask.session`: the browser holds a random name, everything else is ours.

Staff and customers have separate cookies and may be signed in side by side; which one a request uses is
decided by its path. Nothing is read before somebody asks for it, so an API call costs no session.

For pages:

    sessions.subject_id()                 row id of who is signed in, or None
    sessions.sign_in(subject_id, institution_id, actor)      renews the session
    sessions.sign_in_staff(subject_id, proof, actor)         … of staff; sessions.step_up(actor) renews it again
    sessions.sign_out(actor)
    session["key"] = value                kept with the session (JSON); `session.pop("key")` drops it
    sessions.step("SCREEN")               one-use token for a form (macro `form_start` does it)
    sessions.take_step("SCREEN")          True only for the first post of that form
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

from flask import Flask, Request, Response, request, session
from flask.sessions import SessionInterface, SessionMixin

from provisioning.errors import CommitUnanswered, StoreUnavailable
from provisioning.jobs import web_sessions as jobs
from provisioning.jobs.web_sessions import SessionKind, SessionView, SignInCommand
from provisioning.rules import staff_proof
from provisioning.rules.actor import Actor
from provisioning.rules.staff_proof import SignInProof
from web import current

STEP_FIELD: Final = "step"
_COOKIES: Final = {SessionKind.STAFF: "kagiya-staff", SessionKind.CUSTOMER: "kagiya-customer"}
_PATHS: Final = {
    "/staff/": SessionKind.STAFF,
    "/portal/": SessionKind.CUSTOMER,
    "/company/": SessionKind.CUSTOMER,
}


class BrowserSession(SessionMixin):
    """One request's session: read when first asked for, and only the keys that changed are written."""

    def __init__(self, kind: SessionKind | None, raw_id: str | None) -> None:
        """`kind` is None where the path has no session: then nothing is read or written."""
        self.kind = kind
        self.raw_id = raw_id
        self.cookie_changed = False
        self.changes: dict[str, Any] = {}
        self._view: SessionView | None = None
        self._looked = False

    @property
    def view(self) -> SessionView | None:
        """The live session as the table has it, or None."""
        if not self._looked:
            self._looked = True
            if self.kind is not None and self.raw_id:
                self._view = jobs.find_session(current.services(), self.kind, self.raw_id, current.now())
        return self._view

    @property
    def looked(self) -> bool:
        """Whether anybody asked for it in this request."""
        return self._looked

    def replace(self, raw_id: str | None) -> None:
        """Go on with another session, or with none."""
        self.raw_id, self.cookie_changed = raw_id, True
        self._looked, self._view = False, None
        self.changes = {}

    def open(self) -> SessionView | None:
        """The live session, made now if there was none."""
        if self.view is None and self.kind is not None:
            changes = self.changes
            self.replace(jobs.open_session(current.services(), self.kind, changes, current.now()))
        return self.view

    def __getitem__(self, key: str) -> Any:
        if key in self.changes:
            if self.changes[key] is None:
                raise KeyError(key)
            return self.changes[key]
        if self.view is None:
            raise KeyError(key)
        return self.view.state[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.changes[key] = value

    def __delitem__(self, key: str) -> None:
        self[key]
        self.changes[key] = None

    def __iter__(self) -> Iterator[str]:
        kept = {} if self.view is None else self.view.state
        return iter([key for key, value in (kept | self.changes).items() if value is not None])

    def __len__(self) -> int:
        return len(list(iter(self)))


class TableSessions(SessionInterface):
    """Flask's hook: opens by cookie, saves what changed, sets or clears the cookie."""

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """The session of this path; reads nothing yet."""
        kind = _kind_of(request.path)
        return BrowserSession(kind, request.cookies.get(_cookie_name(kind, request)) if kind else None)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write changed keys, or only that it was used, if the last note is old enough.

        Raises StoreUnavailable; CommitUnanswered where the request changed something before.
        """
        kept = cast(BrowserSession, session)
        if kept.kind is None or response.status_code == 503:
            return
        try:
            _save(kept, kept.kind, response)
        except StoreUnavailable as error:
            if request.method == "POST" and response.status_code < 400:
                raise CommitUnanswered(error.fault) from error
            raise


def _save(kept: BrowserSession, kind: SessionKind, response: Response) -> None:
    if kept.changes and any(value is not None for value in kept.changes.values()):
        kept.open()
    view = kept.view if kept.looked else None
    if view and (kept.changes or current.now() - view.last_seen_at >= jobs.TOUCH_EVERY):
        jobs.keep_session(current.services(), view.id_hash, kept.changes, current.now())
    if kept.cookie_changed:
        _send_cookie(kind, kept.raw_id, response)


def subject_id() -> str | None:
    """Row id of who is signed in here."""
    view = _mine().view
    return view.subject_id if view else None


def login_name() -> str:
    """What mail passwords sent in this login are bound to."""
    view = _mine().view
    return jobs.login_name(view.id_hash) if view else ""


def institution_id() -> str | None:
    """Whose institution the signed-in person belongs to."""
    view = _mine().view
    return view.institution_id if view else None


def is_lost() -> bool:
    """The browser brought a session that is over: idle too long, too old, or ended elsewhere."""
    mine = _mine()
    return mine.raw_id is not None and mine.view is None


def is_nobodys() -> bool:
    """The page has sessions, and the browser brought none that lives: it may get a new one."""
    mine = _mine()
    return mine.kind is not None and mine.view is None


def sign_in(subject: str, institution: str, actor: Actor, **state: Any) -> None:
    """Renew the session for `subject`; what the old one kept is gone, `state` begins the new one."""
    mine = _mine()
    if mine.kind is None:
        raise RuntimeError(f"no session on {request.path}")
    command = SignInCommand(mine.kind, subject, institution, actor, mine.raw_id, state)
    mine.replace(jobs.sign_in(current.services(), command, current.now()))


def sign_in_staff(subject: str, proof: SignInProof, actor: Actor) -> None:
    """Renew the session for a member of staff, who showed who they are by `proof`."""
    mine = _mine()
    institution, browser = actor.institution_id or "", request.user_agent.string
    command = SignInCommand(
        SessionKind.STAFF, subject, institution, actor, mine.raw_id, proof=proof, browser=browser
    )
    mine.replace(jobs.sign_in(current.services(), command, current.now()))


def step_up(actor: Actor) -> None:
    """They showed it again: the session goes on under another name, with what it kept."""
    mine = _mine()
    if mine.raw_id is not None:
        mine.replace(jobs.renew_session(current.services(), mine.raw_id, actor, current.now()))


def proof() -> SignInProof | None:
    """By what a member of staff is signed in."""
    view = _mine().view
    return view.proof if view else None


def is_fresh() -> bool:
    """Whether they showed who they are a few minutes ago."""
    view = _mine().view
    return view is not None and view.proved_at is not None and staff_proof.is_fresh(view.proved_at, current.now())


def own_name() -> str:
    """What a list of sessions calls this one; it opens nothing."""
    view = _mine().view
    return view.id_hash.hex() if view else ""


def sign_out(actor: Actor | None) -> None:
    """End the session and its cookie."""
    mine = _mine()
    if mine.raw_id is not None:
        jobs.end_session(current.services(), mine.raw_id, actor, current.now())
    mine.replace(None)


def step(screen: str) -> str:
    """The one-use token that the form on `screen` carries."""
    view = _mine().open()
    if view is None:
        return ""
    offered = view.state.get("steps", {}).get(screen)
    return str(offered) if offered else jobs.offer_step(current.services(), view.id_hash, screen)


def take_step(screen: str) -> bool:
    """True for exactly one post of the form on `screen`; a repeat by double click, reload or back is False."""
    view = _mine().view
    token = request.form.get(STEP_FIELD, "")
    return view is not None and jobs.take_step(current.services(), view.id_hash, screen, token)


def _mine() -> BrowserSession:
    return cast(BrowserSession, cast(Any, session)._get_current_object())


def _kind_of(path: str) -> SessionKind | None:
    return next((kind for prefix, kind in _PATHS.items() if path.startswith(prefix)), None)


def _cookie_name(kind: SessionKind, request: Request) -> str:
    # browsers refuse the prefix without TLS, which only the demo on localhost lacks
    return f"__Host-{_COOKIES[kind]}" if request.is_secure else _COOKIES[kind]


def _send_cookie(kind: SessionKind, raw_id: str | None, response: Response) -> None:
    name = _cookie_name(kind, request)
    secure = request.is_secure or not current.services().settings.server.demo
    if raw_id is None:
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="Strict")
    else:
        response.set_cookie(name, raw_id, path="/", secure=secure, httponly=True, samesite="Strict")
