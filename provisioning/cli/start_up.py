"""What production start-up refuses (R77): debug mode, the demo, emulators, an old schema, keys open to others."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from provisioning.errors import SettingsInvalid
from provisioning.rules.roles import Role
from provisioning.rules.verifier import ASKING
from provisioning.settings import PBKDF2_FLOOR, ServerSettings, Settings

if TYPE_CHECKING:
    from provisioning.services import Services


def refuse_unsafe_settings(file: str, settings: Settings) -> None:
    """Raises SettingsInvalid for any setting that belongs to a demonstration or a test."""
    if settings.server.debug:
        raise SettingsInvalid(file, "server.debug", "must be false in production")
    if settings.server.demo:
        raise SettingsInvalid(file, "server.demo", "must be false in production", "For a demo run `kagiya demo`.")
    if settings.app.pbkdf2_iterations < PBKDF2_FLOOR:
        raise SettingsInvalid(file, "app.pbkdf2_iterations", f"must be {PBKDF2_FLOOR} or more in production")
    if settings.vault.hsm is not None and settings.vault.hsm.software:
        raise SettingsInvalid(file, "vault.hsm.software", "must be false in production")
    refuse_emulators(file, emulators=settings.station.emulators)


def refuse_unsafe_token(file: str, services: Services) -> None:
    """Raises SettingsInvalid for a token that would not be better later: SoftHSM, a wrong PIN, no such module.

    One that is away refuses codes until it is back, and is no reason not to start.
    """
    from provisioning.cli.words import sentence
    from provisioning.errors import HsmAway, HsmFault

    if services.opener is None or services.opener.token is None:
        return
    if find_spec("pkcs11") is None:
        raise SettingsInvalid(file, "vault.hsm", "needs a package that is not installed", "Install kagiya[hsm].")
    try:
        services.opener.token.check()
    except HsmAway as away:
        if away.fault in {HsmFault.SOFTWARE, HsmFault.PIN, HsmFault.MODULE}:
            raise SettingsInvalid(file, "vault.hsm", sentence(away)) from None
    finally:
        services.opener.token.close()


def refuse_without_verifier(file: str, settings: Settings, roles: frozenset[Role]) -> None:
    """Raises SettingsInvalid for roles that check codes, or the verifier alone, without [verifier]."""
    alone = roles == {Role.VERIFIER}
    asking = roles & ASKING if Role.VERIFIER not in roles else frozenset()
    if settings.verifier is None and (alone or asking):
        needed = ", ".join(sorted(roles if alone else asking))
        mend = "Write [verifier], or give the process the role verifier as well."
        raise SettingsInvalid(file, "verifier", f"is missing and needed by role {needed}", mend)


def refuse_address_without_passkeys(file: str, server: ServerSettings, roles: frozenset[Role]) -> None:
    """Raises SettingsInvalid for staff's pages under an address at which no browser makes a passkey."""
    parts = urlsplit(server.base_url)
    host = parts.hostname or ""
    try:
        ip_address(host)
        is_name = False
    except ValueError:
        is_name = bool(host)
    if Role.STAFF in roles and not (is_name and (parts.scheme == "https" or host == "localhost")):
        problem = "must be a name under https, so that staff can have passkeys"
        raise SettingsInvalid(file, "server.base_url", problem, "Write what browsers open: https://NAME")


def refuse_unusable_tls(file: str, server: ServerSettings) -> None:
    """Raises SettingsInvalid for a certificate or key that cannot serve, or a key that others may use."""
    import ssl

    from provisioning.secret_files import read_secret

    if server.tls_certificate is None or server.tls_key is None:
        return
    read_secret(file, "server.tls_key_file", server.tls_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # nobody is there to type a password
        context.load_cert_chain(server.tls_certificate, server.tls_key, password=lambda: "")
    except ssl.SSLError:
        problem = f"{server.tls_certificate} is no certificate, or not that of {server.tls_key}"
        raise SettingsInvalid(file, "server.tls_certificate_file", problem) from None
    except OSError as error:
        problem = f"{server.tls_certificate} cannot be read: {error.strerror}"
        raise SettingsInvalid(file, "server.tls_certificate_file", problem) from None
    if server.tls_clients is None:
        return
    try:
        context.load_verify_locations(server.tls_clients)
    except OSError:  # also what is no certificate
        problem = f"{server.tls_clients} holds no certificate that can be read"
        raise SettingsInvalid(file, "server.tls_clients_file", problem) from None


def refuse_emulators(file: str, *, emulators: bool) -> None:
    """Raises SettingsInvalid if emulated devices are asked for, or are in this process already."""
    if emulators:
        raise SettingsInvalid(file, "station.emulators", "must be false in production")
    if any(name == "tests" or name.startswith("tests.") for name in sys.modules):
        raise SettingsInvalid(file, "(process)", "the test rig is loaded; production never runs beside it")


def refuse_unsafe_store(file: str, services: Services) -> None:
    """Raises SettingsInvalid for demo accounts or a schema of another version; StoreUnavailable."""
    from provisioning import migrations
    from provisioning.store.queries.demo_accounts import find_demo_accounts

    revision = migrations.current(services.settings.store.url)
    if revision != migrations.newest():
        problem = f"the database is at revision {revision or 'none'}, this program needs {migrations.newest()}"
        raise SettingsInvalid(file, "store.url", problem, "Run `kagiya db upgrade`.")
    names = find_demo_accounts(services)
    if names:
        problem = f"the database has accounts of a demonstration ({', '.join(names[:3])})"
        raise SettingsInvalid(file, "store.url", problem, "Production begins with an empty database.")
