"""udevd with a control socket as systemd gives it one: who speaks is known from the first byte.

Without one (systemd-udevd-control.socket) udevd makes its own, and asks for a speaker's identity only after it has
accepted the connection. What `udevadm` says between the two comes from nobody and is ignored, and `udevadm` ends
as if all were well: on a processor that other things want, rules were not read anew.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

_CONTROL = Path("/run/udev/control")
_FIRST_GIVEN = 3
"""Where a program looks for sockets that it is given: sd_listen_fds(3)."""
_PROGRAM = "/lib/systemd/systemd-udevd"


def main(words: list[str]) -> None:
    """Become udevd."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control.bind(str(_CONTROL))
    _CONTROL.chmod(0o600)
    # connections inherit it
    control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    control.listen()
    control.setblocking(False)
    if control.fileno() != _FIRST_GIVEN:
        os.dup2(control.fileno(), _FIRST_GIVEN)
    os.set_inheritable(_FIRST_GIVEN, True)
    os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    os.execv(_PROGRAM, [_PROGRAM, *words])


if __name__ == "__main__":
    main(sys.argv[1:])
