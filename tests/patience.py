"""How long a test waits for what has to come."""

from typing import Final

PATIENCE: Final = 120.0
"""Seconds after which it will never come: how long a busy machine takes says nothing of the code."""
