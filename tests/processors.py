"""What work takes of the processors, which others at work on the machine do not change."""

import time

import psutil


def worked(backend: int) -> float | None:
    """Seconds so far of this process and a backend of PostgreSQL; None where that does not run here."""
    try:
        times = psutil.Process(backend).cpu_times()
    except psutil.NoSuchProcess:
        return None
    return time.process_time() + times.user + times.system
