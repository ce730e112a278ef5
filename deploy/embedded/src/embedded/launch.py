"""Becomes another program that ends when the process that started it does.

Run as `python -I -S launch.py PARENT SIGNAL USER GROUP PROGRAM ARGUMENT…`: a session of its own keeps the
terminal's Ctrl-C away, so that the supervisor can stop its children in order, and Linux sends SIGNAL if
the supervisor is killed. USER and GROUP are numbers, or `-` to stay who we are. Only the standard library.
"""

import ctypes
import os
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    parent, signal, user, group, *program = sys.argv[1:]
    os.setsid()
    if user != "-":
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    if sys.platform == "linux":
        # After the change of user, which clears it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal))
    if os.getppid() != int(parent):
        sys.exit("The process that started this one has ended")
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
