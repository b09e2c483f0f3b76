"""Production start-up refuses whatever belongs to a demonstration or a test (R77), and says what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning import migrations
from provisioning.cli import demo
from provisioning.cli.compose import OPERATOR, build_services
from provisioning.cli.demo_house import open_house
from provisioning.cli.keys import make_keys
from provisioning.cli.start_up import (
    refuse_address_without_passkeys,
    refuse_emulators,
    refuse_unsafe_settings,
    refuse_unsafe_store,
    refuse_unsafe_token,
    refuse_unusable_tls,
    refuse_without_verifier,
)
from provisioning.errors import SettingsInvalid
from provisioning.jobs.add_staff import AddStaffCommand, add_staff
from provisioning.rules.permissions import StaffRole
from provisioning.rules.roles import ALL_ROLES, Role
from provisioning.services import Services
from provisioning.settings import ServerSettings, Settings, VaultSettings, VerifierSettings
from provisioning.settings_file import load_settings
from provisioning.store.key_folder import KeyFolder
from provisioning.store.tables import BankClient
from tests.fixtures.softhsm import MODULE, SoftToken
from tests.ground.commands import run_kagiya
from tests.ground.settings_files import SETTINGS, write_certificate, write_settings

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that production accepts; there is no database yet."""
    return load_settings(write_settings(tmp_path), ALL_ROLES)


@pytest.fixture
def upgraded(settings: Settings) -> Settings:
    """The same with an upgraded, empty database."""
    migrations.upgrade(settings.store.url)
    return settings


def refused(check: Callable[[], object]) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as caught:
        check()
    return caught.value


DEBUG = ("server", "debug = true")
DEMO = ("server", "demo = true")
EMULATORS = ("station", "emulators = true")


@pytest.mark.parametrize(
    ("command", "setting"),
    [
        ("serve --role bank,verifier", DEBUG),
        ("serve --role bank,verifier", DEMO),
        ("serve --role bank,verifier --bind 0.0.0.0:8443", DEMO),
        ("serve --role station", EMULATORS),
        ("worker", DEBUG),
        ("worker", DEMO),
        ("station run", EMULATORS),
    ],
)
def test_a_setting_of_the_demo_aborts_the_start(tmp_path: Path, command: str, setting: tuple[str, str]) -> None:
    section, line = setting
    file = write_settings(tmp_path, SETTINGS.replace(f"[{section}]", f"[{section}]\n{line}"))
    ended = run_kagiya("--settings", str(file), *command.split())
    assert ended.returncode == 1
    assert f"{file}: {section}.{line.split()[0]}: must be false in production" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "address", ["https://192.0.2.7", "https://[2001:db8::1]:8443", "http://otp.example.co.jp", ""]
)
def test_staff_have_an_address_under_which_browsers_make_passkeys(address: str) -> None:
    server = ServerSettings(base_url=address)
    told = refused(lambda: refuse_address_without_passkeys("file", server, frozenset({Role.STAFF})))
    assert told.key == "server.base_url"
    refuse_address_without_passkeys("file", server, frozenset({Role.BANK}))
    for good in ("https://otp.example.co.jp", "https://otp.example.co.jp:8443", "http://localhost:8700"):
        refuse_address_without_passkeys("file", ServerSettings(base_url=good), ALL_ROLES)


def test_the_demo_listens_on_this_machine_alone(tmp_path: Path) -> None:
    """It has no word for another address; `kagiya serve`, which has, refuses the demo's settings."""
    ended = run_kagiya("demo", "--bind", "0.0.0.0:8700", "--data", str(tmp_path))
    assert (ended.returncode, "No such option" in ended.stderr) == (2, True)
    listener = demo._listen(0)
    with listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_few_iterations_are_refused_even_if_the_demo_wrote_them(settings: Settings) -> None:
    few = replace(settings, app=replace(settings.app, pbkdf2_iterations=1000))
    assert refused(lambda: refuse_unsafe_settings("f", few)).key == "app.pbkdf2_iterations"


def test_a_process_that_holds_the_rig_is_refused(settings: Settings) -> None:
    # this very process: its tests are loaded
    assert "rig is loaded" in refused(lambda: refuse_emulators("f", emulators=False)).problem


def test_demo_accounts_are_refused(upgraded: Settings) -> None:
    demo = replace(upgraded, server=replace(upgraded.server, demo=True))
    services = build_services(demo, ALL_ROLES)
    refuse_unsafe_store("f", services)
    add_staff(services, AddStaffCommand("dual", "本店", "窓口 一号", StaffRole.TELLER, OPERATOR, demo=True), NOW)
    assert "窓口 一号" in refused(lambda: refuse_unsafe_store("f", services)).problem
    services.store.close()


def test_the_demos_key_of_every_institution_is_refused(upgraded: Settings) -> None:
    services = build_services(upgraded, ALL_ROLES)
    _add_client(services, institution_id="dual")
    refuse_unsafe_store("f", services)
    _add_client(services, institution_id=None)
    assert "every institution" in refused(lambda: refuse_unsafe_store("f", services)).problem
    services.store.close()


def _add_client(services: Services, institution_id: str | None) -> None:
    name = f"host of {institution_id or 'every institution'}"
    key_hash = hashlib.sha256(name.encode()).digest()
    with services.store.write() as tx:
        tx.add(
            BankClient(institution_id=institution_id, name=name, key_hash=key_hash, scopes="read", created_at=NOW)
        )


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    file = write_settings(tmp_path)
    ended = run_kagiya("--settings", str(file), "serve", "--role", "bank,verifier")
    assert ended.returncode == 1
    assert "Run `kagiya db upgrade`" in ended.stderr


def test_plain_http_stays_on_this_machine(tmp_path: Path) -> None:
    file = write_settings(tmp_path)
    ended = run_kagiya("--settings", str(file), "serve", "--role", "bank", "--bind", "0.0.0.0:8443")
    assert ended.returncode == 1
    assert "server.tls_certificate_file" in ended.stderr


@pytest.fixture
def served_over_tls(settings: Settings, tmp_path: Path) -> ServerSettings:
    """With a certificate and key that production accepts."""
    certificate, key = write_certificate(tmp_path)
    return replace(settings.server, tls_certificate=certificate, tls_key=key)


def test_a_certificate_and_its_key_are_accepted(served_over_tls: ServerSettings) -> None:
    refuse_unusable_tls("f", served_over_tls)
    refuse_unusable_tls("f", replace(served_over_tls, tls_certificate=None, tls_key=None))


def test_a_tls_key_open_to_others_is_refused(served_over_tls: ServerSettings, tmp_path: Path) -> None:
    (tmp_path / "tls.key").chmod(0o640)
    error = refused(lambda: refuse_unusable_tls("f", served_over_tls))
    assert (error.key, error.mend) == ("server.tls_key_file", f"chmod 600 {tmp_path / 'tls.key'}")


def test_an_authority_of_clients_that_is_none_is_refused(served_over_tls: ServerSettings, tmp_path: Path) -> None:
    refuse_unusable_tls("f", replace(served_over_tls, tls_clients=served_over_tls.tls_certificate))
    for name in ("missing.pem", "tls.key"):
        of_none = replace(served_over_tls, tls_clients=tmp_path / name)
        with pytest.raises(SettingsInvalid, match="tls_clients_file"):
            refuse_unusable_tls("f", of_none)


@pytest.mark.parametrize("roles", [{Role.BANK}, {Role.STAFF, Role.CUSTOMER}, {Role.VERIFIER}])
def test_codes_need_a_verifier_beside_them_or_elsewhere(settings: Settings, roles: set[Role]) -> None:
    error = refused(lambda: refuse_without_verifier("f", settings, frozenset(roles)))
    assert error.key == "verifier"
    refuse_without_verifier("f", settings, frozenset(roles | {Role.VERIFIER, Role.STATION}))
    elsewhere = replace(settings, verifier=VerifierSettings("https://verifier.example", Path("certificates")))
    refuse_without_verifier("f", elsewhere, frozenset(roles))


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        ("tls.key", None, "server.tls_key_file"),
        ("tls.key", "", "server.tls_key_file"),
        ("tls.key", "no key", "server.tls_certificate_file"),
        ("chain.pem", None, "server.tls_certificate_file"),
        ("chain.pem", "no certificate", "server.tls_certificate_file"),
    ],
)
def test_certificates_that_cannot_serve_are_named(
    served_over_tls: ServerSettings, tmp_path: Path, name: str, content: str | None, key: str
) -> None:
    file = tmp_path / name
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    error = refused(lambda: refuse_unusable_tls("f", served_over_tls))
    assert error.key == key
    assert str(file) in error.problem


@pytest.mark.parametrize("role", list(Role))
def test_a_process_lacks_the_keys_that_its_role_must_not_have(settings: Settings, role: Role) -> None:
    services = build_services(settings, {role})
    services.store.close()
    assert (services.opener is not None) == (role is Role.VERIFIER)
    assert (services.addresses is not None) == (role in {Role.STAFF, Role.CUSTOMER, Role.BANK, Role.WORKER})
    assert (services.tickets is not None) == (role in {Role.STAFF, Role.CUSTOMER, Role.BANK})
    assert (services.answer_signer is not None) == (role is Role.STATION)


def test_keys_that_do_not_belong_together_are_refused(settings: Settings) -> None:
    (settings.vault.directory / "kek-1.pub").write_text(bytes(range(32)).hex())
    error = refused(lambda: build_services(settings, ALL_ROLES))
    assert error.key == "vault.directory"


@pytest.fixture
def in_token(settings: Settings, token_vault: VaultSettings) -> Settings:
    """With the key in force inside a token of SoftHSM."""
    return replace(settings, vault=token_vault)


def with_hsm(settings: Settings, **changed: object) -> Settings:
    assert settings.vault.hsm is not None
    hsm = replace(settings.vault.hsm, **changed)  # type: ignore[arg-type]
    return replace(settings, vault=replace(settings.vault, hsm=hsm))


def test_a_token_that_is_software_is_refused_by_its_setting_and_by_what_it_is(in_token: Settings) -> None:
    assert refused(lambda: refuse_unsafe_settings("f", in_token)).key == "vault.hsm.software"
    believed = build_services(with_hsm(in_token, software=False), ALL_ROLES)
    assert "SoftHSM" in refused(lambda: refuse_unsafe_token("f", believed)).problem
    believed.store.close()


@pytest.mark.parametrize(
    ("wrong", "aborts"),
    [
        ({}, False),
        ({"module": Path("/nonexistent.so")}, True),
        ({"pin_file": Path("/nonexistent")}, True),
        # it may be plugged in later: until then codes are refused
        ({"token": "away"}, False),
    ],
)
def test_what_a_token_lacks_for_good_aborts_the_start(
    in_token: Settings, wrong: dict[str, object], aborts: bool
) -> None:
    services = build_services(with_hsm(in_token, **wrong), ALL_ROLES)
    if aborts:
        assert refused(lambda: refuse_unsafe_token("f", services)).key == "vault.hsm"
    else:
        refuse_unsafe_token("f", services)
    services.store.close()


def test_production_does_not_start_on_softhsm(tmp_path: Path, soft_token: SoftToken) -> None:
    hsm = f'module = "{MODULE}"\ntoken = "kagiya"\npin_file = "{soft_token.hsm.pin_file}"'
    text = SETTINGS.replace('"keys/vault"', f'"{soft_token.folder / "vault"}"\n[vault.hsm]\n{hsm}')
    file = write_settings(tmp_path, text)
    migrations.upgrade(load_settings(file, ALL_ROLES).store.url)
    ended = run_kagiya("--settings", str(file), "serve", "--role", "bank,verifier")
    assert ended.returncode == 1
    assert "vault.hsm: the token is one of SoftHSM, which is for tests" in ended.stderr


def test_keys_of_an_unfinished_demonstration_are_made_anew(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys", "demo")
    begun = KeyFolder(tmp_path / "keys" / "vault").private("demo")
    (tmp_path / "keys" / "station.key").unlink()
    open_house(tmp_path, "http://localhost:8700", 2525).store.close()
    assert KeyFolder(tmp_path / "keys" / "vault").private("demo") != begun
