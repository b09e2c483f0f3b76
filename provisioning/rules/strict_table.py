"""Reading a TOML table strictly: every key is asked for by type, and what nobody asked for is an error.

Serves the settings file and the institution profiles. Errors name the file and the key, and how to mend it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeVar

from provisioning.errors import SettingsInvalid

_MISSING: Final = object()
Choice = TypeVar("Choice", bound=StrEnum)


class StrictTable:
    """One table of a TOML file. `finish` must be called last; it refuses keys that nobody read."""

    def __init__(self, file: str, values: Mapping[str, Any], prefix: str = "") -> None:
        self.file = file
        self._values = values
        self.prefix = prefix
        self._read: set[str] = set()
        self._asked: set[str] = set()

    def fail(self, key: str, problem: str, mend: str = "") -> NoReturn:
        """Raise SettingsInvalid for `key` of this table."""
        raise SettingsInvalid(self.file, f"{self.prefix}{key}", problem, mend)

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty; required without `default`."""
        value = self._value(key, default, "a text in quotes")
        if not isinstance(value, str):
            self.fail(key, "must be a text in quotes")
        if not value.strip() and value != default:
            self.fail(key, "is empty", "Write the text.")
        return value

    def choice(self, key: str, choices: type[Choice], default: Choice | None = None) -> Choice:
        """One of the values of `choices`; required without `default`."""
        text = self.text(key, default)
        if text not in set(choices):
            self.fail(key, f"{text} is not one of {', '.join(choices)}")
        return choices(text)

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._value(key, default, "true or false")
        if not isinstance(value, bool):
            self.fail(key, "must be true or false")
        return value

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from `low` to `high`; required without `default`."""
        value = self._value(key, default, f"a whole number from {low} to {high}")
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.fail(key, f"must be a whole number from {low} to {high}")
        return value

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A number from `low` to `high`; required without `default`."""
        value = self._value(key, default, f"a number from {low} to {high}")
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            self.fail(key, f"must be a number from {low} to {high}")
        return float(value)

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts."""
        value = self._value(key, default, "a list of texts")
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            self.fail(key, "must be a list of texts")
        return tuple(value)

    def table(self, key: str) -> StrictTable:
        """The table `[key]`, empty where the file has none."""
        value = self._value(key, {}, "a table")
        if not isinstance(value, dict):
            self.fail(key, "must be a table")
        return StrictTable(self.file, value, f"{self.prefix}{key}.")

    def tables(self, key: str) -> tuple[StrictTable, ...]:
        """The tables `[[key]]` in order, numbered from 1 in errors."""
        value = self._value(key, [], "a list of tables")
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(key, "must be a list of tables")
        return tuple(
            StrictTable(self.file, item, f"{self.prefix}{key}[{number}].") for number, item in enumerate(value, 1)
        )

    def __contains__(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._values

    def finish(self) -> None:
        """Refuse whatever was not read. Raises SettingsInvalid naming the first such key."""
        for key in self._values:
            if key not in self._read:
                known = ", ".join(sorted(self._read | self._asked))
                self.fail(key, "is not a known key", f"Known here: {known}.")

    def _value(self, key: str, default: Any, form: str) -> Any:
        self._read.add(key)
        value = self._values.get(key, _MISSING)
        if value is not _MISSING:
            return value
        if default is None:
            self.fail(key, "is missing", f"Add it: {form}.")
        return default


def parse(file: str, text: str) -> StrictTable:
    """The root table of a TOML document known by the name `file`. Raises SettingsInvalid if it is not TOML."""
    try:
        return StrictTable(file, tomllib.loads(text))
    except (ValueError, RecursionError) as error:  # its own error, a number beyond all bounds, or too deep
        raise SettingsInvalid(file, "(whole file)", f"is not TOML: {error}") from None
