"""The composition root of server processes: settings in, Services out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from devices.errors import ProfileInvalid
from devices.profile_files import SHIPPED, load_profiles
from devices.profiles import FirmwareProfile
from provisioning.clock import ClockGuard, kernel_synchronised, not_asked
from provisioning.errors import SettingsInvalid, VaultError
from provisioning.institutions import load_institutions
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.roles import (
    ANSWERS_STATIONS,
    HANDLES_ADDRESSES,
    HANDLES_TICKETS,
    OPENS_SEEDS,
    SIGNS_CHECKPOINTS,
    Role,
)
from provisioning.services import Services
from provisioning.settings import AuditSettings, ClockSource, Settings, StationSettings, VaultSettings
from provisioning.settings_file import load_settings
from provisioning.store.address_box import AddressBox
from provisioning.store.address_keys import AddressKeys
from provisioning.store.audit import AuditKey
from provisioning.store.boxes import Box
from provisioning.store.checkpoints import CheckpointFolder, CheckpointSigner
from provisioning.store.data_keys import DataKeys
from provisioning.store.engine import Store
from provisioning.store.hsm import Token
from provisioning.store.kek import FileKek, PublicKek
from provisioning.store.key_folder import KeyFolder
from provisioning.store.station_seal import AnswerSigner
from provisioning.store.vault import SeedOpener, SeedSealer

OPERATOR: Final = Actor(ActorKind.SYSTEM, "operator", origin="command line")
"""Whoever has the settings file and its keys on the server itself."""


def build_services(settings: Settings, roles: Collection[Role]) -> Services:
    """Everything behind the jobs for a process with `roles`; opens no connection yet.

    A key that the roles must not have is not there, whatever `settings` holds. Raises SettingsInvalid.
    """
    held = frozenset(roles)
    keys, server = settings.keys, settings.server
    keys_in_files = KeyFolder(settings.vault.directory)
    watched = server.clock is ClockSource.KERNEL and not server.demo
    services = Services(
        settings=settings,
        store=Store(settings.store.url, pool_size=settings.store.pool_size),
        institutions=load_institutions(settings.institutions),
        audit_key=AuditKey(keys.audit_id, keys.audit),
        sealer=SeedSealer(keys_in_files),
        opener=seed_opener(settings.vault, keys_in_files) if held & OPENS_SEEDS else None,
        addresses=AddressBox(AddressKeys(keys.address)) if keys.address and held & HANDLES_ADDRESSES else None,
        tickets=Box(keys.tickets, "tickets") if keys.tickets and held & HANDLES_TICKETS else None,
        answer_signer=AnswerSigner(keys.station) if keys.station and held & ANSWERS_STATIONS else None,
        checkpoints=checkpoint_folder(settings.audit) if settings.audit else None,
        checkpoint_signer=_signer(settings.audit) if settings.audit and held & SIGNS_CHECKPOINTS else None,
        profiles=firmware_profiles(settings.station),
        clock=ClockGuard(kernel_synchronised if watched else not_asked),
    )
    return _with_certificates(services, held) if settings.verifier or server.tls_certificate else services


def _with_certificates(services: Services, held: frozenset[Role]) -> Services:
    """What shows certificates to others, or asks for theirs; no other process has to carry the libraries."""
    from provisioning.cli.role_certificates import certificate_ends, http_verifier, role_authority

    apart = services.settings.verifier
    return replace(
        services,
        certificate_ends=certificate_ends(services.settings, held),
        verifier=http_verifier(apart, held) if apart else None,
        roles_authority=role_authority(apart, held) if apart else None,
    )


def operator_services(file: Path) -> Services:
    """Services without a key but the audit's, for a command that an operator types. Raises SettingsInvalid."""
    return build_services(load_settings(file, frozenset()), frozenset())


def firmware_profiles(station: StationSettings) -> dict[str, FirmwareProfile]:
    """What the stations may write into, by name: the same files as theirs. Raises SettingsInvalid."""
    try:
        return {profile.name: profile for profile in load_profiles(station.profiles or SHIPPED)}
    except ProfileInvalid as fault:
        raise SettingsInvalid(fault.file, fault.key, fault.fault) from None


def checkpoint_folder(audit: AuditSettings) -> CheckpointFolder:
    """Where the audit log was signed."""
    return CheckpointFolder(audit.directory, audit.origin, audit.public_keys)


def utc_now() -> datetime:
    """The clock of every process but the demo's."""
    return datetime.now(UTC)


def seed_opener(vault: VaultSettings, keys: KeyFolder, *, writes: bool = False) -> SeedOpener:
    """What opens seeds; its token is not logged in to yet. Raises SettingsInvalid for halves of different keys."""
    kek = PublicKek(keys.current(), keys.public(keys.current()))
    try:
        if not kek.in_token:
            FileKek.of(kek, keys.private(kek.kek_id))
    except VaultError:
        problem = f"{kek.kek_id}.pub is not the public half of {kek.kek_id}.key"
        raise SettingsInvalid("settings", "vault.directory", problem) from None
    token = Token(vault.hsm, writes=writes) if vault.hsm else None
    return SeedOpener(keys, token, DataKeys(vault.data_keys, vault.data_key_life_s))


def _signer(audit: AuditSettings) -> CheckpointSigner | None:
    if audit.private_key is None:
        return None
    private_key = Ed25519PrivateKey.from_private_bytes(audit.private_key)
    if private_key.public_key().public_bytes_raw() != audit.public_keys[audit.key_id]:
        problem = "is not the public half of audit.private_key_file"
        raise SettingsInvalid("settings", "audit.public_key_file", problem)
    return CheckpointSigner(audit.origin, audit.key_id, private_key)
