"""What the console says, letter by letter."""

from __future__ import annotations

from typing import Final

NL: Final = "\r\n"
PROMPT: Final = "\r\n>: "
ETX: Final = 0x03
CR: Final = 0x0D
ESC: Final = 0x1B
ERASABLE: Final = (0x08, 0x7F)
RUB_OUT: Final = "\b \b"
LINE_GONE: Final = "\x1b[A\x1b[2K\r"
BANNER: Final = (
    "\r\n              _.-------.._                    -,"
    '\r\n          .-"```"--..,,_/ /`-,               -,  \\ '
    "\r\n\r\n Welcome to \x1b[38;5;208mFlipper Zero\x1b[0m Command Line Interface!\r\n\r\n"
)
ENTER_SECRET: Final = "Enter token secret and confirm with [ENTER]:\r\n"
ENTER_PIN: Final = "Pleases enter PIN on your flipper device\r\n"
PROCESSING: Final = "Processing, please wait...\r\n"


def error(text: str) -> str:
    """Red."""
    return f"\x1b[91m{text}\x1b[0m"


def done(text: str) -> str:
    """Green."""
    return f"\x1b[92m{text}\x1b[0m"


def warning(text: str) -> str:
    """Yellow."""
    return f"\x1b[93m{text}\x1b[0m"


def info(text: str) -> str:
    """Blue."""
    return f"\x1b[96m{text}\x1b[0m"


INVALID_ARGUMENTS: Final = error('Invalid command arguments. use "help" command to get list of available commands')
NOT_UPDATED: Final = error("An error has occurred during updating config file\r\n")
CANCELLED: Final = info("Cancelled by user\r\n")
