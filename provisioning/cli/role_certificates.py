"""A process's own certificate as one of our roles: found in its folder, checked, and put to use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from provisioning.errors import SettingsInvalid
from provisioning.rules.roles import Role
from provisioning.rules.verifier import ASKING
from provisioning.secret_files import read_secret
from provisioning.settings import Settings, VerifierSettings
from provisioning.verifier.certificates import Pair, is_signed_by, read_pair, roles_in
from provisioning.verifier.http import HttpVerifier, client_context, connection_to
from provisioning.verifier.role_tokens import RoleAuthority, RoleTokens

AUTHORITY: Final = "authority"
REVOKED: Final = "revoked"
_KEY: Final = "verifier.certificate_directory"
_MEND: Final = "Make it with `kagiya key certificates`."


@dataclass(frozen=True, slots=True)
class RoleFiles:
    """The files of one process in its folder, named by its roles."""

    directory: Path
    name: str

    @classmethod
    def of(cls, settings: VerifierSettings, roles: Collection[Role]) -> RoleFiles:
        """Of a process with these roles."""
        return cls(settings.directory, file_name(roles))

    @property
    def certificate(self) -> Path:
        """PEM."""
        return self.directory / f"{self.name}.pem"

    @property
    def key(self) -> Path:
        """PEM, its owner's alone."""
        return self.directory / f"{self.name}.key"

    @property
    def authority(self) -> Path:
        """The certificate that signed all of them."""
        return self.directory / f"{AUTHORITY}.pem"

    @property
    def revoked(self) -> Path:
        """Fingerprints, one a line."""
        return self.directory / REVOKED

    def read(self) -> tuple[Pair, x509.Certificate]:
        """The pair, and the authority that signed it. Raises SettingsInvalid for what would not be believed."""
        key = read_secret("settings", _KEY, self.key)
        try:
            pair = read_pair(self.certificate.read_bytes(), key.encode())
            authority = x509.load_pem_x509_certificate(self.authority.read_bytes())
        except OSError as error:
            raise SettingsInvalid("settings", _KEY, f"{error.filename} cannot be read", _MEND) from None
        except ValueError:
            problem = f"{self.certificate} is no certificate of {self.key}, or {self.authority} is none"
            raise SettingsInvalid("settings", _KEY, problem, _MEND) from None
        self._refuse_unbelievable(pair.certificate, authority)
        return pair, authority

    def _refuse_unbelievable(self, certificate: x509.Certificate, authority: x509.Certificate) -> None:
        if not is_signed_by(certificate, authority):
            problem = f"{self.certificate} is not signed by {self.authority}"
            raise SettingsInvalid("settings", _KEY, problem, _MEND)
        ends_at = certificate.not_valid_after_utc
        if datetime.now(UTC) >= ends_at:
            raise SettingsInvalid("settings", _KEY, f"{self.certificate} ended on {ends_at:%Y-%m-%d}", _MEND)


def file_name(roles: Collection[Role]) -> str:
    """`bank-staff` for a process with both."""
    return "-".join(sorted(roles))


def http_verifier(settings: VerifierSettings, held: frozenset[Role]) -> HttpVerifier | None:
    """How a process with the roles `held` asks, None if none of them does. Raises SettingsInvalid."""
    asking = held & ASKING
    if not asking or Role.VERIFIER in held:
        return None
    files = RoleFiles.of(settings, asking)
    pair, _ = files.read()
    try:
        named = roles_in(pair.certificate)
    except ValueError:
        named = frozenset()
    if named != asking:
        problem = f"{files.certificate} is for {file_name(named) or 'no role'}, this process is {files.name}"
        raise SettingsInvalid("settings", _KEY, problem, _MEND)
    if not settings.url:
        raise SettingsInvalid("settings", "verifier.url", f"is missing and needed by role {', '.join(asking)}")
    context = client_context(files.authority, files.certificate, files.key)
    return HttpVerifier(connection_to(settings.url, context, settings.timeout_s), RoleTokens(pair))


def role_authority(settings: VerifierSettings, held: frozenset[Role]) -> RoleAuthority | None:
    """Whom the verifier believes; None in a process that has other roles, too. Raises SettingsInvalid."""
    if held != {Role.VERIFIER}:
        return None
    files = RoleFiles.of(settings, held)
    _, authority = files.read()
    if not files.revoked.is_file():
        problem = f"{files.revoked} is not there"
        raise SettingsInvalid("settings", _KEY, problem, f"An empty file is enough: touch {files.revoked}")
    return RoleAuthority(authority, files.revoked)


def certificate_ends(settings: Settings, held: frozenset[Role]) -> dict[str, datetime]:
    """When each certificate ends that a process with the roles `held` shows to others. Raises SettingsInvalid."""
    ends = {}
    own = held if held == {Role.VERIFIER} else held & ASKING if Role.VERIFIER not in held else frozenset()
    if settings.verifier and own:
        ends["role"] = RoleFiles.of(settings.verifier, own).read()[0].certificate.not_valid_after_utc
    if settings.server.tls_certificate:
        chain = settings.server.tls_certificate
        try:
            ends["server"] = x509.load_pem_x509_certificate(chain.read_bytes()).not_valid_after_utc
        except (OSError, ValueError):
            problem = f"{chain} is no certificate"
            raise SettingsInvalid("settings", "server.tls_certificate_file", problem) from None
    return ends
