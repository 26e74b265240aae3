"""Identifiers that sort by the time at which they were made."""

import secrets
import time


def new_job_id() -> str:
    """``job_`` and a UUID of version 7."""
    return f"job_{_uuid7()}"


def new_dataset_id() -> str:
    """``ds_`` and a UUID of version 7."""
    return f"ds_{_uuid7()}"


def _uuid7() -> str:
    """A UUID of version 7 (RFC 9562, section 5.7) in hex: milliseconds first, then chance."""
    milliseconds = time.time_ns() // 1_000_000
    chance = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (chance >> 62) << 64 | 0b10 << 62 | chance & (1 << 62) - 1
    return f"{value:032x}"
