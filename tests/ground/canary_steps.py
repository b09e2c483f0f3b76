"""Steps of somebody who walks through pages with secrets: forms, and where what is typed comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin

from provisioning.rules.institution import Institution
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState
from provisioning.store.tables import Credential, Customer
from tests.fixtures.addresses import text_of
from tests.fixtures.mail_passwords import codes_in
from tests.fixtures.people import add_customer
from tests.fixtures.services import DUAL
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down
from tests.fixtures.tokens import Token, give_token
from tests.ground.canary_watch import TYPED, Watch
from tests.portal.visitor import Visitor
from tests.staff import rows
from tests.staff.passkey_steps import options

USER_ID: Final = "999800000071"
STAFF_PASSWORD: Final = "カナリアの鳴く坑道 2026"


@dataclass
class Scene:
    """Whoever is there. `names` stand for the {…} of the steps."""

    watch: Watch
    names: dict[str, str] = field(default_factory=dict)
    browsers: dict[str, Visitor] = field(default_factory=dict)
    keys: dict[str, SoftAuthenticator] = field(default_factory=dict)
    token: Token | None = None
    mailed: str = ""

    def browser(self, whose: str) -> Visitor:
        """Theirs; a new one where they have none."""
        return self.browsers.setdefault(whose, Visitor(self.watch.app))

    def customer(
        self, state: CredentialState | None = CredentialState.ACTIVE, institution: str = "dual"
    ) -> Customer:
        """A customer of their own, with a token in that state."""
        made = add_customer(self.watch.services, USER_ID, institution, transfer_limit_yen=1_000_000)
        self.names |= {"customer": made.id, "login": made.login_id}
        if state is not None:
            self.hold(give_token(self.watch.services, made, self.watch.clock(), state))
        return made

    def hold(self, token: Token) -> None:
        """Codes are this token's from now on."""
        self.token = token
        self.names["token"] = token.credential_id
        self.watch.secrets.add(token.seed)

    def suspend(self, token: Token) -> None:
        """As after too many wrong codes."""
        with self.watch.services.store.read() as tx:
            rows.suspend(self.watch.services, tx.get_one(Credential, token.credential_id), self.watch.clock())

    def staff(self, role: StaffRole, whose: str = "") -> str:
        """Somebody of the staff, signed in, with a passkey."""
        services, now = self.watch.services, self.watch.clock()
        staff_id = new_staff(services, now, role)
        self.keys[whose] = give_passkey(services, staff_id, now)
        session = session_of(services, staff_id, now)
        self.watch.secrets.add(session.encode())
        sit_down(self.browser(whose), session)
        return staff_id


Typed = str | Callable[[Scene, str], str]
"""What is typed, or how it is found in this scene by whom."""
NEW_ADDRESS: Final[dict[str, Typed]] = dict.fromkeys(("mail_address", "mail_address_again"), "canary@mine.example")


@dataclass(frozen=True)
class Step:
    """A form is filled in and sent; then the page says `shows`.

    `to`: its address, from where one is. `at`: the page that it stands on; "": where one is. `by`: whose browser.
    `after_s`: so long after the step before. `keeps`: what the page that follows is called from then on.
    """

    to: str
    typed: Mapping[str, Typed]
    shows: str
    at: str = ""
    by: str = ""
    after_s: int = 0
    keeps: str = ""

    def go(self, scene: Scene) -> Visitor:
        """Do it; the browser is where it leads."""
        browser = scene.browser(self.by)
        scene.watch.clock.advance(seconds=self.after_s)
        if self.at:
            browser.get(self.at.format(**scene.names))
        to = urljoin(browser.path, self.to.format(**scene.names))
        browser.submit(to, **{name: self._value(scene, typed) for name, typed in self.typed.items()})
        if self.keeps:
            scene.names[self.keeps] = browser.path
        return browser

    def _value(self, scene: Scene, typed: Typed) -> str:
        return typed.format(**scene.names) if isinstance(typed, str) else typed(scene, self.by)


@dataclass(frozen=True)
class Walk:
    """Who is there, and what they do."""

    set_up: Callable[[Scene], object]
    steps: tuple[Step, ...]
    institution: Callable[[], Institution] = lambda: DUAL


def code(scene: Scene, _: str) -> str:
    """What the token shows a minute later; used once."""
    assert scene.token is not None
    scene.watch.clock.advance(minutes=1)
    shown = scene.token.code(scene.watch.clock())
    scene.watch.secrets.add(shown.encode())
    return shown


def next_code(scene: Scene, _: str) -> str:
    """The one after that."""
    assert scene.token is not None
    shown = scene.token.code(scene.watch.clock(), 1)
    scene.watch.secrets.add(shown.encode())
    return shown


def mailed(scene: Scene, _: str) -> str:
    """The newest password by mail."""
    found = codes_in([text_of(mail) for mail in scene.watch.deliver()])
    scene.mailed = found[-1] if found else scene.mailed
    scene.watch.mailed.add(scene.mailed.encode())
    return scene.mailed


def mistyped(scene: Scene, whose: str) -> str:
    """Another than the one that has come."""
    mailed(scene, whose)
    return TYPED["mail_password"]


def signed(path: str) -> Callable[[Scene, str], str]:
    """A passkey's signature over what the server asks there."""
    return lambda scene, whose: scene.keys[whose].sign(options(scene.browser(whose), path.format(**scene.names)))


def made(scene: Scene, whose: str) -> str:
    """A new passkey."""
    return scene.keys[whose].make(options(scene.browser(whose), "/staff/welcome/options"))
