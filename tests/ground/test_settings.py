"""The settings file is read strictly, once, and only with the secrets of the process's roles."""

from __future__ import annotations

import secrets
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from provisioning.errors import SettingsInvalid
from provisioning.rules.roles import ALL_ROLES, Role
from provisioning.secret_files import write_secret
from provisioning.settings import PBKDF2_FLOOR
from provisioning.settings_file import load_settings, load_station_settings, load_store_settings
from tests.ground.settings_files import SETTINGS, write_settings


def refused(file: Path, roles: frozenset[Role] = ALL_ROLES) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(file, roles)
    assert caught.value.file == str(file)
    return caught.value


def test_a_complete_file_is_one_frozen_value(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path), ALL_ROLES)
    assert settings.store.url == f"sqlite:///{tmp_path / 'kagiya.db'}"
    assert settings.vault.directory == tmp_path / "keys" / "vault"
    assert settings.mail.port == 587
    assert settings.mail.starttls
    assert settings.app.origin == "https://otp.example.co.jp"
    assert settings.app.pbkdf2_iterations == PBKDF2_FLOOR
    with pytest.raises(FrozenInstanceError):
        settings.server.debug = True  # type: ignore[misc]


def test_no_secret_shows(tmp_path: Path) -> None:
    shown = repr(load_settings(write_settings(tmp_path), ALL_ROLES))
    for secret in (tmp_path / "keys").rglob("*[.-]*"):
        content = secret.read_text().strip()
        if secret.suffix == ".sealed":
            assert not any(line.split()[-1] in shown for line in content.splitlines()[2:])
        elif secret.suffix != ".pub":
            assert content not in shown
            assert repr(bytes.fromhex(content)) not in shown


@pytest.mark.parametrize(
    ("role", "holds"),
    [
        (Role.STAFF, {"address-1.key", "tickets.key"}),
        (Role.CUSTOMER, {"address-1.key", "tickets.key"}),
        (Role.BANK, {"address-1.key", "tickets.key"}),
        (Role.STATION, {"station.key"}),
        (Role.VERIFIER, {"kek-1.key", "access.sealed"}),
        (Role.WORKER, {"address-1.key", "mail-password", "checkpoint.key"}),
    ],
)
def test_a_role_reads_only_its_own_secrets(tmp_path: Path, role: Role, holds: set[str]) -> None:
    file = write_settings(tmp_path)
    for secret in list((tmp_path / "keys").rglob("*[.-]*")):
        if secret.name not in holds | {"kek-1.pub", "checkpoint.pub", "audit.key"}:
            secret.unlink()
    settings = load_settings(file, {role})
    assert (settings.keys.address is not None) == ("address-1.key" in holds)
    assert (settings.keys.tickets is not None) == ("tickets.key" in holds)
    assert (settings.keys.station is not None) == ("station.key" in holds)
    assert bool(settings.mail.password) == ("mail-password" in holds)
    assert settings.audit is not None
    assert (settings.audit.private_key is not None) == ("checkpoint.key" in holds)


@pytest.mark.parametrize(
    ("written", "instead", "key"),
    [
        ("[mail]", "[mial]", "mial"),
        ("[mail]", "[mail]\nhots = 1", "mail.hots"),
        ('directory = "keys/vault"', 'folder = "keys/vault"', "vault.directory"),
        ('directory = "keys/vault"', 'directory = ""', "vault.directory"),
        ('directory = "keys/vault"', 'directory = "keys/nowhere"', "vault.directory"),
        ('directory = "keys/vault"', 'directory = "keys/vault"\ndata_keys = 0', "vault.data_keys"),
        ('directory = "keys/vault"', 'directory = "keys/vault"\n[vault.hsm]\nmodule = "m"', "vault.hsm.token"),
        (
            'directory = "keys/vault"',
            'directory = "keys/vault"\n[vault.hsm]\nmodule = "m"\ntoken = "t"\npin = "canary-83"',
            "vault.hsm.pin_file",
        ),
        ("port = 587", 'port = "587"', "mail.port"),
        ("port = 587", "port = 0", "mail.port"),
        ("port = 587", "port = true", "mail.port"),
        ("poll_s = 0.5", "poll_s = 0", "station.poll_s"),
        ('user = "kagiya"\n', "", "mail.password_file"),
        ("port = 587", "port = 587\nstarttls = false", "mail.starttls"),
        ("port = 587", 'port = 587\nsender = "otp@example.co.jp"', "mail.sender"),
        ("https://otp", "http://otp", "server.base_url"),
        ("otp.example.co.jp", "otp.example.co.jp/path", "server.base_url"),
        ("[server]", "[server]\ndebug = 1", "server.debug"),
        ("[server]", '[server]\ntls_key_file = "x"', "server.tls_key_file"),
        ("[server]", '[server]\nlog_level = "trace"', "server.log_level"),
        ("keys/tickets.key", "keys/audit.key", "keys.audit_file"),
        ("keys/tickets.key", "keys/address/address-1.key", "keys.audit_file"),
        ('"keys/address"', '"keys/nowhere"', "keys.address_directory"),
        ("[server]", "[app]\npbkdf2_iterations = 599999\n[server]", "app.pbkdf2_iterations"),
        ("sqlite:///kagiya.db", "mysql://localhost/kagiya", "store.url"),
        ("sqlite:///kagiya.db", "sqlite://", "store.url"),
        ("sqlite:///kagiya.db", "postgresql+psycopg://me:canary-83@db/kagiya", "store.url"),
        ("sqlite:///kagiya.db", "postgresql+psycopg://me@db/kagiya?password=canary-83", "store.url"),
        ("sqlite:///kagiya.db", "postgresql+psycopg:///kagiya?user=me&password=canary-83", "store.url"),
        ("[store]", "[store", "(whole file)"),
        ('checkpoint_id = "checkpoint-1"', 'checkpoint_id = "a key"', "audit.checkpoint_id"),
    ],
)
def test_what_cannot_be_used_is_named_by_file_and_key(
    tmp_path: Path, written: str, instead: str, key: str
) -> None:
    assert written in SETTINGS
    error = refused(write_settings(tmp_path, SETTINGS.replace(written, instead)))
    assert error.key == key
    assert "canary-83" not in str(error)


def test_the_demo_may_ask_for_fewer_iterations(tmp_path: Path) -> None:
    text = SETTINGS.replace("[server]", "[app]\npbkdf2_iterations = 1000\n[server]\ndemo = true")
    assert load_settings(write_settings(tmp_path, text), ALL_ROLES).app.pbkdf2_iterations == 1000


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
@pytest.mark.parametrize(
    "name",
    [
        "vault/kek-1.key",
        "vault/access.sealed",
        "audit.key",
        "address/address-1.key",
        "tickets.key",
        "station.key",
        "checkpoint.key",
        "mail-password",
    ],
)
def test_a_secret_file_open_to_others_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    file = write_settings(tmp_path)
    (tmp_path / "keys" / name).chmod(mode)
    error = refused(file)
    assert error.key.endswith("directory" if "/" in name else "_file")
    assert error.mend == f"chmod 600 {tmp_path / 'keys' / name}"


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_public_key_that_others_could_exchange_is_refused(tmp_path: Path, mode: int) -> None:
    file = write_settings(tmp_path)
    vault = tmp_path / "keys" / "vault"
    load_settings(file, {Role.STATION})
    for name, mend in (("kek-1.pub", "chmod 644"), ("current", "chmod go-w"), (".", "chmod go-w")):
        path = vault / name
        before = path.stat().st_mode
        path.chmod(mode)
        error = refused(file, frozenset({Role.STATION}))
        assert (error.key, error.mend) == ("vault.directory", f"{mend} {path}")
        path.chmod(before)


@pytest.mark.parametrize("content", ["", "7f" * 31, "zz" * 32, "7f" * 33, "00" * 32, "0123456789abcdef" * 4])
def test_a_key_of_another_form_is_refused_and_not_shown(tmp_path: Path, content: str) -> None:
    file = write_settings(tmp_path)
    key_file = tmp_path / "keys" / "audit.key"
    key_file.write_text(content)
    error = refused(file)
    assert error.key == "keys.audit_file"
    assert not content or content not in str(error)


@pytest.mark.parametrize(
    ("line", "key", "roles"),
    [
        ('directory = "keys/vault"\n', "vault.directory", {Role.VERIFIER}),
        ('address_directory = "keys/address"\n', "keys.address_directory", {Role.WORKER}),
        ('tickets_file = "keys/tickets.key"\n', "keys.tickets_file", {Role.CUSTOMER}),
        ('audit_file = "keys/audit.key"\n', "keys.audit_file", {Role.STATION}),
        ('private_key_file = "keys/checkpoint.key"\n', "audit.private_key_file", {Role.WORKER}),
    ],
)
def test_no_secret_has_a_default(tmp_path: Path, line: str, key: str, roles: set[Role]) -> None:
    assert refused(write_settings(tmp_path, SETTINGS.replace(line, "")), frozenset(roles)).key == key


def test_only_the_worker_needs_a_place_for_checkpoints(tmp_path: Path) -> None:
    begin, end = SETTINGS.index("[audit]"), SETTINGS.index("[mail]")
    file = write_settings(tmp_path, SETTINGS[:begin] + SETTINGS[end:])
    assert load_settings(file, {Role.STAFF}).audit is None
    assert refused(file, frozenset({Role.WORKER})).key == "audit.checkpoint_id"


def test_former_audit_keys_are_for_verifying_alone(tmp_path: Path) -> None:
    former = '[[audit.former_key]]\nid = "audit-0"\nfile = "keys/audit-0.key"\n'
    file = write_settings(tmp_path, SETTINGS + former)
    write_secret(tmp_path / "keys" / "audit-0.key", secrets.token_hex(32))
    for roles, held in (({Role.WORKER}, {"audit-0"}), (set[Role](), {"audit-0"}), ({Role.STAFF}, set[str]())):
        audit = load_settings(file, roles).audit
        assert audit is not None
        assert set(audit.former_keys) == held


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    write_secret(tmp_path / "vault.key", "first")
    with pytest.raises(FileExistsError):
        write_secret(tmp_path / "vault.key", "second")
    assert (tmp_path / "vault.key").read_text() == "first\n"


def test_a_missing_file_is_told_by_name(tmp_path: Path) -> None:
    assert "cannot be read" in str(refused(tmp_path / "kagiya.toml"))


def test_a_database_password_comes_from_a_file(tmp_path: Path) -> None:
    store = 'url = "postgresql+psycopg://kagiya@db.example/kagiya"\npassword_file = "keys/mail-password"'
    settings = load_store_settings(
        write_settings(tmp_path, SETTINGS.replace('url = "sqlite:///kagiya.db"', store))
    )
    password = (tmp_path / "keys" / "mail-password").read_text().strip()
    assert settings.url == f"postgresql+psycopg://kagiya:{password}@db.example/kagiya"
    assert password not in repr(settings)


def test_the_desk_needs_no_section_of_the_server(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    root = f'[[station.root]]\nname = "maker"\npublic_key = "04{"ab" * 64}"\n'
    cradle = '[[station.cradle]]\nport = "/dev/ttyUSB0"\nprofile = "kagiya-fob"\n'
    file.write_text(f'[station]\nserver_url = "https://otp.example.co.jp"\ndirectory = "here"\n{root}{cradle}')
    station = load_station_settings(file)
    assert station.roots == {"maker": b"\x04" + b"\xab" * 64}
    assert station.cradles == {"/dev/ttyUSB0": "kagiya-fob"}
    assert station.directory == tmp_path / "here"
    assert not station.emulators
    file.write_text(f"[station]\n{root.replace('04', '05')}")
    with pytest.raises(SettingsInvalid, match=r"station\.root\[1\]\.public_key: must be an uncompressed"):
        load_station_settings(file)
    file.write_text('[station]\nserver = "https://otp.example.co.jp"\n')
    with pytest.raises(SettingsInvalid, match=r"station\.server: is not a known key"):
        load_station_settings(file)
