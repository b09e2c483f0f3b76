"""What a person does with the soft-token app in a browser, and what the codes on its screen should be."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.rules.app_profile import DisplayName
from provisioning.services import Services
from provisioning.store.vault import SealedSeed, SeedContext
from tests.soft.issuing import ACTIVATION_PASSWORD, credential
from tests.soft.serving import Served


def wall_clock() -> datetime:
    return datetime.now(UTC)


def fill(page: Page, issued: IssuedSoft, password: str = ACTIVATION_PASSWORD, *, agree: bool = True) -> None:
    page.get_by_label(re.compile("サービスID|Service ID")).fill(issued.service_id)
    page.get_by_label(re.compile("ユーザID|User ID")).fill(issued.user_id)
    page.get_by_label(re.compile("利用開始パスワード|Activation password")).fill(password)
    if agree:
        page.get_by_role("checkbox").check()


def send(page: Page) -> None:
    page.get_by_role("button", name=re.compile("送信|Send")).click()


def go_on(page: Page) -> None:
    page.get_by_role("button", name=re.compile("次へ|Next")).click()


def set_up(page: Page, site: Served, issued: IssuedSoft, name: str = "") -> None:
    """From wherever the app stands to the screen with the codes."""
    wants = site.services.by_service_id(issued.service_id).app
    page.goto(site.url("/app/"))
    page.locator("h1").wait_for()
    if page.locator(".card").count():
        page.get_by_role("button", name=re.compile("トークンの追加|Add a token")).click()
    fill(page, issued, agree=wants.consent)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("初期設定が完了しました|Your token is set up")
    )
    go_on(page)
    if wants.display_name is DisplayName.ADDED:
        page.get_by_label(re.compile("変更後の追加文言|Words to add")).fill(name)
        page.get_by_role("button", name=re.compile("登録|Register")).click()
    if wants.display_name is DisplayName.REPLACES:
        page.get_by_label(re.compile("トークン表示名|Display name")).fill(name)
        go_on(page)
    page.locator(".card .code span").first.wait_for()


def codes(page: Page) -> list[str]:
    """The codes as they stand on the screen."""
    return [text.replace(" ", "") for text in page.locator(".code").all_inner_texts()]


def seed_of(services: Services, issued: IssuedSoft) -> bytes:
    row = credential(services, issued.credential_id)
    assert services.opener is not None
    sealed = SealedSeed(row.sealed_seed or b"", row.wrapped_key or b"", row.kek_id or "")
    return bytes(services.opener.open(sealed, SeedContext(row.institution_id, row.id, row.seed_version)))


def oathtool(seed: bytes, at: datetime) -> str:
    moment = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    arguments = ["oathtool", "--totp", "-d", "8", "-s", "60", "-N", moment, seed.hex()]
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.strip()


def assert_shows_codes_of(page: Page, services: Services, *every: IssuedSoft) -> None:
    """The app agrees with oathtool, whichever side of a minute's turn it was read on."""
    before = wall_clock()
    shown = codes(page)
    after = wall_clock()
    seeds = [seed_of(services, one) for one in every]
    possible = [[oathtool(seed, at) for seed in seeds] for at in (before - timedelta(seconds=1), before, after)]
    assert shown in possible
