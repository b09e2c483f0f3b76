"""The commands of the console: the firmware's `date`, and `totp` while the application is open."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from tests.rig.flipper_totp import words
from tests.rig.flipper_totp.arguments import Refused, Wanted, decode_secret, read_add
from tests.rig.flipper_totp.device import EmulatedFlipper

_SECRET_LETTERS: Final = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/=+")
_DATE: Final = re.compile(r"\s*(\d+)-(\d+)-(\d+)\s+(\d+):(\d+):(\d+)\s+(\d+)")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
Say = Callable[[str], None]


class Foreground(Protocol):
    """A command that waits for something. Each call tells whether it has ended."""

    def key(self, byte: int) -> bool:
        """A key from the host."""
        ...

    def look(self) -> bool:
        """Time goes by."""
        ...

    def hang_up(self) -> None:
        """The host is gone."""
        ...


def run(flipper: EmulatedFlipper, line: str, say: Say) -> Foreground | None:
    """Carry out one line; what goes on beyond it is returned."""
    name, _, rest = line.partition(" ")
    if name == "date":
        _date(flipper, rest, say)
    elif name == "totp" and flipper.app_open:
        return _totp(flipper, rest.strip(), say)
    elif flipper.old_firmware:
        say(f"`{name}` command not found, use `help` or `?` to list all available commands\a")
    else:
        say(f"\x1b[31mcould not find command `{name}`, try `help`\x1b[0m")
    return None


@dataclass
class SecretPrompt:
    """`totp add` waits for the secret."""

    flipper: EmulatedFlipper
    wanted: Wanted
    say: Say
    typed: str = field(default="", repr=False)
    skip: int = 0

    def key(self, byte: int) -> bool:
        """Letters of the two alphabets count, all others are passed over."""
        if self.skip:
            self.skip -= 1
        elif byte == words.ESC:
            self.skip = 2
        elif byte == words.ETX:
            self.say(words.NL + words.LINE_GONE + words.CANCELLED)
            return True
        elif byte == words.CR:
            self.say(words.NL + words.LINE_GONE)
            self._add()
            return True
        elif byte in words.ERASABLE and self.typed:
            self.typed = self.typed[:-1]
            self.say(words.RUB_OUT)
        elif byte in _SECRET_LETTERS:
            self.typed += chr(byte)
            self.say(chr(byte) if self.wanted.shown else "*")
        return False

    def look(self) -> bool:
        """It waits for ever."""
        return False

    def hang_up(self) -> None:
        """A host that goes away has finished typing, as far as the application knows."""
        self._add()

    def _add(self) -> None:
        seed = decode_secret(self.typed, self.wanted.encoding)
        if not seed:
            self.say(words.error("Token secret seems to be invalid and can not be parsed\r\n"))
        elif self.flipper.storage_broken:
            self.say(words.NOT_UPDATED)
        else:
            token = replace(self.wanted.token, seed=seed)
            self.flipper.tokens.append(token)
            self.say(words.done(f'Token "{token.name}" has been successfully added\r\n'))


@dataclass
class Confirmation:
    """`totp delete` without -f waits for y or n."""

    delete: Callable[[], None]
    say: Say

    def key(self, byte: int) -> bool:
        """y or CR deletes."""
        if byte in b"yY\r":
            self.delete()
        elif byte in (*b"nN", words.ETX, words.ESC):
            self.say(words.info("User has not confirmed\r\n"))
        else:
            return False
        return True

    def look(self) -> bool:
        """It waits for ever."""
        return False

    def hang_up(self) -> None:
        """Nothing is deleted."""


@dataclass
class PinWait:
    """The application is locked: the command goes on once the PIN was entered on the device."""

    flipper: EmulatedFlipper
    go_on: Callable[[], Foreground | None]
    say: Say
    then: Foreground | None = None

    def key(self, byte: int) -> bool:
        """Ctrl-C gives up; all other keys go to the command once it runs."""
        if self.then is not None:
            return self.then.key(byte)
        if byte == words.ETX:
            self.say(words.LINE_GONE + words.CANCELLED)
            return True
        return False

    def look(self) -> bool:
        """Whether the PIN was entered and the command is through."""
        if self.then is not None:
            return self.then.look()
        if self.flipper.locked:
            return False
        self.say(words.LINE_GONE)
        self.then = self.go_on()
        return self.then is None

    def hang_up(self) -> None:
        """The host is gone."""
        if self.then is not None:
            self.then.hang_up()


def _totp(flipper: EmulatedFlipper, rest: str, say: Say) -> Foreground | None:
    name, _, arguments = rest.partition(" ")
    if name == "version":
        say(f"{flipper.app_version}\r\n")
        return None
    if name in ("", "help", "h", "?"):
        say("Usage:\r\n  totp <command> <arguments>\r\nCommand list:\r\n")
        return None
    command = _COMMANDS.get(name)
    if command is None:
        say(words.error(f'Command "{name}" is unknown. Use "help" command to get list of available commands.'))
        return None
    if flipper.locked:
        say(words.ENTER_PIN)
        return PinWait(flipper, lambda: command(flipper, arguments.strip(), say), say)
    return command(flipper, arguments.strip(), say)


def _add(flipper: EmulatedFlipper, arguments: str, say: Say) -> Foreground | None:
    try:
        wanted = read_add(arguments)
    except Refused as refused:
        say(refused.said)
        return None
    say(words.ENTER_SECRET)
    return SecretPrompt(flipper, wanted, say)


def _list(flipper: EmulatedFlipper, arguments: str, say: Say) -> None:
    if not flipper.tokens:
        say("There are no tokens\r\n")
    elif arguments.lower() == "--tsv":
        say("#\tName\tAlgo\tLn\tType\r\n")
        for number, token in enumerate(flipper.tokens, start=1):
            say(f"{number}\t{token.name}\t{token.algorithm}\t{token.digits}\ttotp\r\n")
    else:
        say("+-----+---------------------------+--------+----+------+\r\n")
        for number, token in enumerate(flipper.tokens, start=1):
            say(f"| {number:<3} | {token.name[:25]:<25} | {token.algorithm:<6} | {token.digits}  | totp |\r\n")


def _details(flipper: EmulatedFlipper, arguments: str, say: Say) -> None:
    index = _index(flipper, arguments)
    if index is None:
        say(words.INVALID_ARGUMENTS)
        return
    token = flipper.tokens[index]
    rows = {
        "Property": "Value",
        "Index": index + 1,
        "Type": "totp",
        "Name": token.name,
        "Hashing algorithm": token.algorithm,
        "Number of digits": token.digits,
        "Token lifetime": token.period_s,
        "Automation features": "None",
    }
    for key, value in rows.items():
        say(f"{key}\t{value}\r\n")


def _delete(flipper: EmulatedFlipper, arguments: str, say: Say) -> Foreground | None:
    index = _index(flipper, arguments)
    force = arguments.lower().split()[1:]
    if index is None or force not in ([], ["-f"]):
        say(words.INVALID_ARGUMENTS)
        return None
    name = flipper.tokens[index].name

    def delete() -> None:
        say(words.PROCESSING + words.LINE_GONE)
        if flipper.storage_broken:
            say(words.NOT_UPDATED)
            return
        del flipper.tokens[index]
        say(words.done(f'Token "{name}" has been successfully deleted\r\n'))

    if force:
        delete()
        return None
    say(words.warning("WARNING!\r\n"))
    say(words.warning(f'TOKEN "{name}" WILL BE PERMANENTLY DELETED WITHOUT ABILITY TO RECOVER IT.\r\n'))
    say(words.warning("Confirm? [y/n]\r\n"))
    return Confirmation(delete, say)


def _timezone(flipper: EmulatedFlipper, arguments: str, say: Say) -> None:
    if not arguments:
        say(words.info(f"Current timezone offset is {flipper.timezone_h:f}\r\n"))
    elif not _NUMBER.fullmatch(arguments) or not -12.75 <= float(arguments) <= 14.75:
        say(words.error("Invalid timezone offset\r\n"))
    elif flipper.storage_broken:
        say(words.NOT_UPDATED)
    else:
        flipper.timezone_h = float(arguments)
        say(words.done(f"Timezone is set to {flipper.timezone_h:f}\r\n"))


def _date(flipper: EmulatedFlipper, arguments: str, say: Say) -> None:
    shown = "%Y-%m-%d %H:%M:%S %u"
    if arguments:
        match = _DATE.match(arguments)
        if match is None:
            say(f"Invalid datetime format, use `{shown}`. sscanf 0 {arguments}")
            return
        *parts, weekday = map(int, match.groups())
        try:
            wanted = datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001
        except ValueError:
            say("Invalid datetime data")
            return
        if not 1 <= weekday <= 7:
            say("Invalid datetime data")
            return
        flipper.set_rtc(wanted)
        say("New datetime is: ")
    say(flipper.rtc().strftime(shown))


def _index(flipper: EmulatedFlipper, arguments: str) -> int | None:
    number = arguments.partition(" ")[0]
    if not number.isdecimal() or not 0 < int(number) <= len(flipper.tokens):
        return None
    return int(number) - 1


_COMMANDS: Final[Mapping[str, Callable[[EmulatedFlipper, str, Say], Foreground | None]]] = {
    **dict.fromkeys(("add", "mk", "new"), _add),
    **dict.fromkeys(("list", "ls"), _list),
    **dict.fromkeys(("lsattr", "cat"), _details),
    **dict.fromkeys(("delete", "rm"), _delete),
    **dict.fromkeys(("timezone", "tz"), _timezone),
}
