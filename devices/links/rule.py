"""The name under which the udev rules are installed; errors point to it."""

from typing import Final

RULES_FILE: Final = "/etc/udev/rules.d/70-kagiya.rules"
GROUP: Final = "kagiya"
