"""Identifiers that sort by their time of creation."""

import secrets
import time


def new_job_id() -> str:
    """Return ``job_`` and a UUID of version 7."""
    return f"job_{_uuid7()}"


def new_dataset_id() -> str:
    """Return ``ds_`` and a UUID of version 7."""
    return f"ds_{_uuid7()}"


def _uuid7() -> str:
    """Return a UUID of version 7 in hex: milliseconds, 1/4,096 ms, then random bits (RFC 9562, 5.7, and 6.2 method 3).

    UUIDs of one process sort by their time of creation, as long as its clock does not go back.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    value = milliseconds << 80 | 0x7 << 76 | (rest * 4096 // 1_000_000) << 64 | 0b10 << 62 | secrets.randbits(62)
    return f"{value:032x}"
