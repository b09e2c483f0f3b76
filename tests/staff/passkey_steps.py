"""What js/passkey.js does: ask for the options, let the authenticator answer, send the form."""

from __future__ import annotations

from tests.fixtures.soft_authenticator import SoftAuthenticator
from tests.portal.visitor import Visitor

SIGN_IN = "/staff/sign-in/"
STEP_UP = "/staff/step-up/passkey"
WELCOME = "/staff/welcome/"


def options(browser: Visitor, path: str) -> str:
    """What the page's script is told."""
    at = browser.path
    token = next(form.fields["csrf_token"] for form in browser.forms if "csrf_token" in form.fields)
    answer = browser.client.post(
        path, data={"csrf_token": token}, base_url=browser.base, headers={"Referer": browser.base + at}
    )
    assert answer.mimetype == "application/json", answer.status_code
    return answer.text


def open_link(browser: Visitor, link: str) -> None:
    """What js/welcome.js does with what stands behind the mark."""
    page, _, token = link.partition("#")
    browser.get(page)
    browser.submit(WELCOME + "open", token=token)


def enrol(browser: Visitor, key: SoftAuthenticator, name: str = "鍵") -> None:
    """On the page of the link."""
    browser.submit(WELCOME, name=name, response=key.make(options(browser, WELCOME + "options")))


def sign_in_with(browser: Visitor, key: SoftAuthenticator) -> None:
    """From the sign-in page."""
    browser.get(SIGN_IN)
    browser.submit(SIGN_IN, response=key.sign(options(browser, SIGN_IN + "options")))


def step_up_with(browser: Visitor, key: SoftAuthenticator) -> None:
    """On the page that asks who sits there, and on to what was interrupted."""
    browser.submit(STEP_UP, response=key.sign(options(browser, "/staff/step-up/options")))


def go_on(browser: Visitor) -> None:
    """What js/go-on.js does."""
    (form,) = [form for form in browser.forms if form.posts and form.action != "/staff/sign-in/out"]
    browser.submit(form.action)
