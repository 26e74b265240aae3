"""How the table of `clr sweep` reads."""

from typing import Any

from clr_cli.output.sweep_table import sweep_table


def cell(size: int, **changes: Any) -> dict[str, Any]:
    return {
        "job_id": f"job_{size:032x}", "status": "succeeded", "reason": None, "error": None,
        "settings": {"global_batch_size": size}, "bounds": {"base_lr": 0.01, "max_lr": 0.1},
        "confidence": {"grade": "high", "level": 0.9, "max_lr": {"low": 0.08, "high": 0.12}}, "warnings": [],
    } | changes  # fmt: skip


def test_the_table_shows_failed_cells_and_the_exponent() -> None:
    failed = cell(
        128,
        status="failed",
        reason="invalid_data",
        bounds=None,
        confidence=None,
        error={"code": "c", "message": "too few"},
    )
    fit = {"exponent": 0.7, "low": 0.5, "high": 0.9, "level": 0.9, "points": 4, "linear": 1.0, "square_root": 0.5}
    document = {
        "job_id": "job_1", "is_final": False, "over": ["global_batch_size"], "cells": [cell(64), failed],
        "scaling": {"global_batch_size": fit},
    }  # fmt: skip
    text = sweep_table(document)
    assert "so far" in text
    assert "0.08 to 0.12" in text
    assert "failed (invalid_data)" in text.replace("\n", " ")
    assert f"Failed: {failed['job_id']}: too few" in text
    assert "to the power 0.70, 0.50 to 0.90 (90 %), from 4 cells; linear is 1, square root 0.5" in text
