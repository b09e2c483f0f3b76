"""The `kagiya` command. Every subcommand imports what it needs only when it runs (design §2)."""

from __future__ import annotations

import sys

from provisioning.cli.group import run
from provisioning.private_memory import keep_memory_private


def main() -> None:
    """Run the command line and end the process: 0 done, 1 refused or failed, 2 wrong usage."""
    keep_memory_private()  # before anything secret is read
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
