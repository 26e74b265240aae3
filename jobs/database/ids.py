"""Identifiers that sort by their time of creation."""

import secrets
import time


def new_job_id() -> str:
    """``job_`` and a UUID of version 7."""
    return f"job_{_uuid7()}"


def new_dataset_id() -> str:
    """``ds_`` and a UUID of version 7."""
    return f"ds_{_uuid7()}"


def _uuid7() -> str:
    """A UUID of version 7 in hex: milliseconds, their 4,096th parts, then chance (RFC 9562, 5.7, and 6.2 method 3).

    Those made one after the other by a process sort in that order, as long as its clock does not go back.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    value = milliseconds << 80 | 0x7 << 76 | (rest * 4096 // 1_000_000) << 64 | 0b10 << 62 | secrets.randbits(62)
    return f"{value:032x}"
