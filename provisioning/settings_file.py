"""Reading the settings file: strict, once, and only the secrets that the process's roles need (R51).

Paths in the file are relative to the file's own folder.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from provisioning.errors import SettingsInvalid
from provisioning.rules.roles import (
    ANSWERS_STATIONS,
    HANDLES_ADDRESSES,
    HANDLES_TICKETS,
    OPENS_SEEDS,
    SENDS_MAIL,
    SIGNS_CHECKPOINTS,
    Role,
)
from provisioning.rules.strict_table import StrictTable, parse
from provisioning.secret_files import read_key, read_public_key, read_secret
from provisioning.settings import (
    PBKDF2_FLOOR,
    AppSettings,
    AuditSettings,
    ClockSource,
    KeySettings,
    LogLevel,
    MailSettings,
    ServerSettings,
    Settings,
    StationSettings,
    StoreSettings,
    VaultSettings,
)
from provisioning.settings_of_vault import read_vault
from provisioning.settings_of_verifier import read_verifier
from provisioning.store.address_keys import AddressKeys

_ITERATIONS_MOST: Final = 10_000_000
# libpq takes one among the parameters of an address, too
_PASSWORD: Final = "password"
_ROOT_KEY: Final = re.compile(r"04[0-9a-fA-F]{128}")
_PUBLIC_KEY: Final = re.compile(r"[0-9a-fA-F]{64}")
_KEY_NAME: Final = re.compile(r"[A-Za-z0-9._/-]{1,64}")
_SECTIONS: Final = (
    *("store", "vault", "verifier", "keys", "audit", "mail"),
    *("server", "app", "institutions", "station"),
)


def load_settings(file: Path, roles: Collection[Role]) -> Settings:
    """Read the settings of a server process that has `roles`. Raises SettingsInvalid."""
    reader = _Reader(_open(file), file.parent, frozenset(roles))
    server = reader.server()
    settings = Settings(
        store=reader.store(),
        vault=reader.vault(),
        keys=reader.keys(),
        audit=reader.audit(),
        verifier=read_verifier(reader.root, reader.folder),
        mail=reader.mail(),
        server=server,
        app=reader.app(server),
        station=reader.station(),
        institutions=reader.institutions(),
    )
    reader.root.finish()
    return settings


def load_store_settings(file: Path) -> StoreSettings:
    """Read `[store]` only, for the migrations, which need no key. Raises SettingsInvalid."""
    return _Reader(_open(file), file.parent, frozenset()).only_known_sections().store()


def load_station_settings(file: Path) -> StationSettings:
    """Read `[station]` only: the desk has no key of the server. Raises SettingsInvalid."""
    return _Reader(_open(file), file.parent, frozenset()).only_known_sections().station()


def _open(file: Path) -> StrictTable:
    try:
        return parse(str(file), file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(str(file), "(whole file)", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsInvalid(str(file), "(whole file)", "is not UTF-8 text") from None


@dataclass(frozen=True)
class _Reader:
    root: StrictTable
    folder: Path
    roles: frozenset[Role]

    def only_known_sections(self) -> _Reader:
        for name in _SECTIONS:
            self.root.table(name)
        self.root.finish()
        return self

    def store(self) -> StoreSettings:
        table = self.root.table("store")
        url = self._store_url(table)
        settings = StoreSettings(url=url, pool_size=table.integer("pool_size", 1, 100, 8))
        table.finish()
        return settings

    def _store_url(self, table: StrictTable) -> str:
        text = table.text("url")
        parts = urlsplit(text)
        if parts.password is not None or _PASSWORD in parse_qs(parts.query, keep_blank_values=True):
            table.fail("url", "holds a password", "Put it into a file of its own and name that as password_file.")
        if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1 and not parts.query:
            return f"sqlite:///{self.folder / parts.path[1:]}"
        if parts.scheme != "postgresql+psycopg" or len(parts.path) < 2:
            mend = "Write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME."
            table.fail("url", "is not the address of a database that is supported", mend)
        if "password_file" not in table:
            return text
        if not parts.username:
            table.fail("url", "names no user for the password of password_file")
        password = quote(self._secret(table, "password_file"), safe="")
        return text.replace("@", f":{password}@", 1)

    def vault(self) -> VaultSettings:
        return read_vault(self.root.table("vault"), self.folder, opens=bool(self.roles & OPENS_SEEDS))

    def keys(self) -> KeySettings:
        table = self.root.table("keys")
        settings = KeySettings(
            audit_id=table.text("audit_id"),
            audit=read_key(table.file, "keys.audit_file", self._path(table, "audit_file")),
            address=self._path_for(table, "address_directory", HANDLES_ADDRESSES),
            tickets=self._key_for(table, "tickets_file", HANDLES_TICKETS),
            station=self._key_for(table, "station_file", ANSWERS_STATIONS),
        )
        table.finish()
        address = self._address_key(table, settings.address) if settings.address else None
        held = (settings.audit, address, settings.tickets, settings.station)
        present = [key for key in held if key is not None]
        if len(set(present)) != len(present):
            table.fail("audit_file", "holds the key of another purpose, too", "Make keys with `kagiya key make`.")
        return settings

    def _address_key(self, table: StrictTable, directory: Path) -> bytes:
        """The one in force; rows may name others beside it."""
        keys = AddressKeys(directory, table.file)
        return keys.read(keys.current())

    def audit(self) -> AuditSettings | None:
        if "audit" not in self.root and not self.roles & SIGNS_CHECKPOINTS:
            return None
        table = self.root.table("audit")
        key_id = _key_name(table, "checkpoint_id")
        public = read_public_key(table.file, "audit.public_key_file", self._path(table, "public_key_file"))
        settings = AuditSettings(
            origin=_key_name(table, "origin"),
            directory=self._path(table, "checkpoint_directory"),
            key_id=key_id,
            public_keys=dict(map(_former_checkpoint_key, table.tables("former_checkpoint_key")))
            | {key_id: public},
            private_key=self._key_for(table, "private_key_file", SIGNS_CHECKPOINTS),
            former_keys=self._former_keys(table),
        )
        table.finish()
        return settings

    def _former_keys(self, table: StrictTable) -> dict[str, bytes]:
        """Keys of the keyed hashes before the one in use; what only writes entries need not have them."""
        keys = {}
        for one in table.tables("former_key"):
            key_id, path = one.text("id"), self._path(one, "file")
            one.finish()
            if not self.roles or self.roles & SIGNS_CHECKPOINTS:
                keys[key_id] = read_key(table.file, f"{one.prefix}file", path)
        return keys

    def mail(self) -> MailSettings:
        table = self.root.table("mail")
        defaults = MailSettings()
        user = table.text("user", "")
        settings = MailSettings(
            host=table.text("host", defaults.host),
            port=table.integer("port", 1, 65535, defaults.port),
            starttls=table.flag("starttls", defaults.starttls),
            user=user,
            password=self._mail_password(table, user),
            timeout_s=table.number("timeout_s", 0.1, 300, defaults.timeout_s),
        )
        if settings.user and not settings.starttls:
            table.fail("starttls", "must be true with a user: a password goes over no open line")
        table.finish()
        return settings

    def _mail_password(self, table: StrictTable, user: str) -> str:
        if bool(user) != ("password_file" in table):
            table.fail("password_file", "and user belong together", "Write both or neither.")
        path = table.text("password_file", "")
        if not path or not self.roles & SENDS_MAIL:
            return ""
        return self._secret(table, "password_file")

    def server(self) -> ServerSettings:
        table = self.root.table("server")
        defaults = ServerSettings()
        settings = ServerSettings(
            base_url=_origin(table, "base_url", defaults.base_url),
            trusted_proxies=table.integer("trusted_proxies", 0, 10, 0),
            debug=table.flag("debug", default=False),
            demo=table.flag("demo", default=False),
            clock=table.choice("clock", ClockSource, defaults.clock),
            log_level=table.choice("log_level", LogLevel, defaults.log_level),
            tls_certificate=self._optional_path(table, "tls_certificate_file"),
            tls_key=self._optional_path(table, "tls_key_file"),
            tls_clients=self._optional_path(table, "tls_clients_file"),
            refusal_step_s=table.number("refusal_step_s", 0.02, 1, defaults.refusal_step_s),
        )
        if settings.tls_clients is not None and settings.tls_certificate is None:
            table.fail("tls_clients_file", "needs a certificate of our own", "Write tls_certificate_file.")
        if (settings.tls_certificate is None) != (settings.tls_key is None):
            table.fail("tls_key_file", "and tls_certificate_file belong together", "Write both or neither.")
        table.finish()
        return settings

    def app(self, server: ServerSettings) -> AppSettings:
        table = self.root.table("app")
        floor = 1 if server.demo else PBKDF2_FLOOR
        settings = AppSettings(
            pbkdf2_iterations=table.integer("pbkdf2_iterations", floor, _ITERATIONS_MOST, PBKDF2_FLOOR),
            origin=_origin(table, "origin", server.base_url),
            wrong_a_day_per_customer=table.integer("wrong_a_day_per_customer", 5, 100, 10),
            wrong_a_day_per_source=table.integer("wrong_a_day_per_source", 5, 10_000, 20),
            wrong_a_day_per_service=table.integer("wrong_a_day_per_service", 10, 1_000_000, 1000),
        )
        table.finish()
        return settings

    def institutions(self) -> Path | None:
        table = self.root.table("institutions")
        folder = self._optional_path(table, "directory")
        table.finish()
        return folder

    def station(self) -> StationSettings:
        table = self.root.table("station")
        defaults = StationSettings()
        settings = StationSettings(
            server_url=_origin(table, "server_url", "") if "server_url" in table else "",
            directory=self._optional_path(table, "directory") or defaults.directory,
            poll_s=table.number("poll_s", 0.05, 30, defaults.poll_s),
            profiles=self._optional_path(table, "profiles_directory"),
            roots=dict(map(_root, table.tables("root"))),
            cradles=dict(map(_cradle, table.tables("cradle"))),
            emulators=table.flag("emulators", default=False),
        )
        table.finish()
        return settings

    def _path(self, table: StrictTable, key: str) -> Path:
        return self.folder / table.text(key)

    def _optional_path(self, table: StrictTable, key: str) -> Path | None:
        text = table.text(key, "")
        return self.folder / text if text else None

    def _secret(self, table: StrictTable, key: str) -> str:
        return read_secret(table.file, f"{table.prefix}{key}", self._path(table, key))

    def _key_for(self, table: StrictTable, key: str, holders: frozenset[Role]) -> bytes | None:
        """The key if one of this process's roles is to have it."""
        path = self._path_for(table, key, holders)
        return read_key(table.file, f"{table.prefix}{key}", path) if path else None

    def _path_for(self, table: StrictTable, key: str, holders: frozenset[Role]) -> Path | None:
        """Where a key is if one of this process's roles is to have it; it must be named in that case only."""
        text = table.text(key, "")
        if not self.roles & holders:
            return None
        if not text:
            needed = ", ".join(sorted(self.roles & holders))
            table.fail(key, f"is missing and needed by role {needed}", "Make one with `kagiya key make`.")
        return self.folder / text


def _origin(table: StrictTable, key: str, default: str) -> str:
    """Scheme, host and port without a path; plain HTTP only towards this machine."""
    text = table.text(key, default)
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or text != f"{parts.scheme}://{parts.netloc}":
        table.fail(key, "must be an origin such as https://otp.example.co.jp, without a path")
    if parts.username is not None or (parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1")):
        table.fail(key, "must use https", "Plain http is for localhost only.")
    return text


def _key_name(table: StrictTable, key: str) -> str:
    text = table.text(key)
    if not _KEY_NAME.fullmatch(text):
        table.fail(key, "may have letters, digits and . _ / - only")
    return text


def _former_checkpoint_key(table: StrictTable) -> tuple[str, bytes]:
    """A key id and its public half."""
    key_id, text = _key_name(table, "id"), table.text("public_key")
    table.finish()
    if not _PUBLIC_KEY.fullmatch(text):
        table.fail("public_key", "must be 64 hexadecimal digits")
    return key_id, bytes.fromhex(text)


def _root(table: StrictTable) -> tuple[str, bytes]:
    """A manufacturer's name and its public key."""
    name, text = table.text("name"), table.text("public_key")
    table.finish()
    if not _ROOT_KEY.fullmatch(text):
        table.fail("public_key", "must be an uncompressed P-256 point: 04 and 128 hexadecimal digits")
    return name, bytes.fromhex(text)


def _cradle(table: StrictTable) -> tuple[str, str]:
    """A serial port and the profile of what sits there."""
    cradle = table.text("port"), table.text("profile")
    table.finish()
    return cradle
