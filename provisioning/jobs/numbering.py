"""Whose series a serial number is of: a thing that several profiles show is in stock once."""

from __future__ import annotations

from provisioning.services import Services


def numbering_of(services: Services, profile_name: str) -> str:
    """The series of that profile's serial numbers; its own where this server does not know the profile."""
    profile = services.profiles.get(profile_name)
    return profile_name if profile is None else profile.numbering
