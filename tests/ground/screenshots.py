"""The README's picture, taken of a running demonstration: console, rig and app side by side.

    python -m tests.ground.screenshots DIR/demo.json docs/screenshots/demo.png

Start with a fresh demonstration: customer A gets a key fob and customer B a soft token.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM: Final = "/usr/bin/chromium-headless-shell"
PASSWORD: Final = "483926"
_PICTURE: Final = """
<body style="margin:0;padding:28px;background:#e8f1fe;display:flex;gap:24px;align-items:flex-start">
<img src="{console}" style="width:720px;border-radius:8px;box-shadow:0 6px 24px #0004">
<img src="{rig}" style="width:520px;border-radius:8px;box-shadow:0 6px 24px #0004">
<img src="{app}" style="width:260px;border-radius:24px;box-shadow:0 6px 24px #0004">
</body>
"""


def take(facts: dict[str, Any], target: Path) -> None:
    """Use the demonstration and take the picture."""
    user_b = _issue(facts)
    with sync_playwright() as playwright, TemporaryDirectory() as name:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        shots = {
            "console": _console(browser, facts, folder / "console.png"),
            "rig": _rig(browser, facts, folder / "rig.png"),
            "app": _app(browser, facts, user_b, folder / "app.png"),
        }
        page = browser.new_page(viewport={"width": 1604, "height": 100})
        page.set_content(_PICTURE.format(**{name: _as_address(file) for name, file in shots.items()}))
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target, full_page=True)
        browser.close()


def _issue(facts: dict[str, Any]) -> str:
    """A's fob is written and activated, B's soft token issued. B's user ID."""
    first, second = (one["user_id"] for one in facts["customers"][:2])
    _bank(facts, "credentials", first, kind="hard", fob_serial=facts["fobs"][0]["serial"])
    while _state(facts, first) != "set_up":
        time.sleep(0.1)
    code = httpx.get(facts["fobs"][0]["display_url"]).json()["display"]
    assert _bank(facts, "activate", first, otp=code)["outcome"] == "accepted"
    _bank(facts, "credentials", second, kind="soft", mail_address="b@walk.example", activation_password=PASSWORD)
    return str(second)


def _state(facts: dict[str, Any], user_id: str) -> str:
    """Where the customer's token stands."""
    service_id = facts["institutions"][0]["service_id"]
    headers = {"Authorization": f"Bearer {facts['bank_api_key']}"}
    answer = httpx.get(f"{facts['base_url']}/api/v1/customers/{service_id}/{user_id}", headers=headers)
    return str(answer.json()["state"])


def _bank(facts: dict[str, Any], path: str, user_id: str, **body: str) -> dict[str, Any]:
    whose = {"service_id": facts["institutions"][0]["service_id"], "user_id": user_id}
    headers = {"Authorization": f"Bearer {facts['bank_api_key']}"}
    answer = httpx.post(f"{facts['base_url']}/api/v1/{path}", json=whose | body, headers=headers)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _console(browser: Browser, facts: dict[str, Any], file: Path) -> Path:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="ja-JP")
    page.goto(facts["staff"][0]["sign_in_url"])
    if page.locator("main form button").count():
        page.locator("main form button").first.click()
    page.goto(f"{facts['base_url']}/staff/search?q={facts['customers'][0]['user_id']}")
    return _shot(page, file)


def _rig(browser: Browser, facts: dict[str, Any], file: Path) -> Path:
    page = browser.new_page(viewport={"width": 980, "height": 900}, locale="ja-JP")
    page.goto(f"{facts['rig_url']}/")
    page.wait_for_timeout(1500)
    return _shot(page, file)


def _app(browser: Browser, facts: dict[str, Any], user_id: str, file: Path) -> Path:
    page = browser.new_page(viewport={"width": 390, "height": 780}, locale="ja-JP")
    page.goto(f"{facts['base_url']}/app/")
    page.get_by_label("サービスID").fill(facts["institutions"][0]["service_id"])
    page.get_by_label("ユーザID").fill(user_id)
    page.get_by_label("利用開始パスワード").fill(PASSWORD)
    page.get_by_role("button", name="送信").click()
    page.get_by_role("button", name="次へ").click()
    page.wait_for_timeout(1000)
    return _shot(page, file)


def _shot(page: Page, file: Path) -> Path:
    page.screenshot(path=file)
    page.close()
    return file


def _as_address(file: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()


if __name__ == "__main__":
    take(json.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2]))
