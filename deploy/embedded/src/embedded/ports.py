"""Ports on the loopback interface."""

import random
import socket
from typing import Final

from embedded.trouble import Trouble

HOST: Final = "127.0.0.1"
RANGE: Final = range(20000, 32000)
"""Below what operating systems hand out to outgoing connections, so that a restart finds its port free."""


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: what still lingers of closed connections does not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def is_answered(port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def choose(name: str, *, asked: int | None = None, remembered: int | None = None) -> int:
    """The port that was asked for, else the one of the last run, else any free one.

    Raises:
        Trouble: the port asked for is taken.
    """
    if asked is not None:
        if not is_free(asked):
            raise Trouble(f"Port {asked}, asked for {name}, is taken by another program on this machine.")
        return asked
    if remembered is not None and is_free(remembered):
        return remembered
    for port in random.sample(RANGE, 200):
        if is_free(port):
            return port
    raise Trouble(f"No free port between {RANGE.start} and {RANGE.stop} was found for {name}.")
