"""What the service worker keeps for offline use: everything of one version, to the last byte, or nothing."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from provisioning.rules.app_profile import AppProfile
from provisioning.rules.institution import Institution
from provisioning.rules.roles import Role
from provisioning.services import Services
from tests.fixtures.databases import sqlite_only
from tests.soft.serving import MovableClock
from web.app import create_app

pytestmark = sqlite_only

BASE = "https://otp.example"


@pytest.fixture
def app(services: Services, clock: MovableClock) -> Flask:
    return create_app(services, {Role.CUSTOMER}, clock)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def kept(client: FlaskClient) -> tuple[str, dict[str, str]]:
    """The version that the service worker names, and its files' digests."""
    text = client.get("/app/sw.js", base_url=BASE).text
    found = re.match(r'const VERSION = ("[^"]+");\nconst FILES = (\{.*?\});\n', text, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1)), json.loads(found.group(2))


def test_every_file_is_kept_and_is_what_the_server_serves(client: FlaskClient, app: Flask) -> None:
    _version, files = kept(client)
    modules = {file.name for file in (Path(app.static_folder or "") / "app").glob("*.js")} - {"sw.js"}
    assert files.keys() == modules | {"", "manual", "download", "app.css", "icon.svg"}
    for name, digest in files.items():
        served = client.get(f"/app/{name}", base_url=BASE, buffered=True).data
        assert digest == f"sha256-{b64encode(sha256(served).digest()).decode()}", name


def test_a_version_is_another_as_soon_as_one_byte_is(client: FlaskClient, app: Flask, tmp_path: Path) -> None:
    shutil.copytree(Path(app.static_folder or "") / "app", tmp_path / "static" / "app")
    before, files = kept(client)
    assert kept(client) == (before, files)
    app.static_folder = str(tmp_path / "static")
    assert kept(client) == (before, files)
    for name in ("totp.js", "sw.js"):
        file = tmp_path / "static" / "app" / name
        file.write_bytes(file.read_bytes() + b"\n")
        version, changed = kept(client)
        assert version != before
        assert changed["codes.js"] == files["codes.js"]
        before = version


def test_the_pages_are_kept_in_the_readers_language(client: FlaskClient) -> None:
    _version, japanese = kept(client)
    client.set_cookie("kagiya-language", "en", domain="otp.example")
    _version, english = kept(client)
    assert {name for name in japanese if japanese[name] != english[name]} == {"", "manual", "download"}


def test_the_home_screen_has_the_apps_name_in_the_readers_language(client: FlaskClient) -> None:
    for language, name in (("ja", "ワンタイムパスワード"), ("en", "One-Time Password")):
        client.set_cookie("kagiya-language", language, domain="otp.example")
        for page in ("/app/", "/app/download"):
            found = re.search(r'rel="manifest" href="([^"]+)"', client.get(page, base_url=BASE).text)
            assert found is not None
            manifest = json.loads(client.get(found.group(1), base_url=BASE, buffered=True).data)
            assert (manifest["name"], manifest["lang"]) == (name, language)
            assert f">{manifest['short_name']}</span>" in client.get(page, base_url=BASE).text, "as under the icon"
            for icon in manifest["icons"]:
                assert client.get(icon["src"], base_url=BASE, buffered=True).mimetype == icon["type"]


@pytest.mark.parametrize("is_named", [True, False])
def test_the_feature_phone_page_is_there_where_an_institution_names_it(
    services: Services, institutions: Mapping[str, Institution], clock: MovableClock, is_named: bool
) -> None:
    dual = replace(institutions["dual"], app=AppProfile(feature_phone=is_named))
    app = create_app(replace(services, institutions={"dual": dual}), {Role.CUSTOMER}, clock)
    client = app.test_client()
    answer = client.get("/app/download/feature-phone", base_url=BASE)
    assert answer.status_code == (200 if is_named else 404)
    assert ("/app/download/feature-phone" in client.get("/app/download", base_url=BASE).text) == is_named
    if is_named:
        for said in ("携帯電話でできること", "できないこと", "アプリのダウンロードと初期設定。", f"{BASE}/app/"):
            assert said in answer.text
