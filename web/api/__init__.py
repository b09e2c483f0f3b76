"""Interfaces for programs: bank, station, app."""
