"""Kinds of fob that are locked, when they are written, against everybody but our stations."""

from __future__ import annotations

from devices.profiles import Ability
from provisioning.services import Services


def locks_with_code(services: Services, profile_name: str) -> bool:
    """Whether devices of that profile take an access code of ours."""
    profile = services.profiles.get(profile_name)
    return profile is not None and Ability.LOCKS_WITH_CODE in profile.abilities
