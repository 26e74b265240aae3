"""Which faults show a deliberate break: ``--break NAME`` makes these where ``--only`` names no others."""

from dataclasses import replace

from tests.chaos.run import Asked

_LONG = ("long", "alone")


def _of(database: str, only: str, times: int, **changes: object) -> Asked:
    asked = Asked(
        seed=0, database=database, only=[only] * times, each=True, jobs=5, specs=_LONG, workers=2, cancels=0.0
    )
    return replace(asked, patience_s=60.0, **changes)  # type: ignore[arg-type]


SCENARIOS = {
    "no-fencing": _of("sqlite", "worker-stopped", 6, workers=3, pause_s=4.0, jobs=24),
    "no-reaper": _of("sqlite", "worker-killed", 3, jobs=15),
    "late-ack": _of("sqlite", "api-killed", 3),
    "no-checkpoint-check": _of("sqlite", "checkpoint-damaged", 6, specs=("alone",), jobs=8),
    "no-watchdog": _of("sqlite", "rank-hung", 2),
    "record-twice": _of("postgresql", "checkpoint-answer-lost", 4),
    "cancel-without-lock": _of("postgresql", "cancelled-while-lost", 6, pause_s=2.0, jobs=12),
    "deaf": replace(
        _of("sqlite", "broker-demoted", 1),
        only=["broker-demoted", "broker-killed", "broker-demoted"],
    ),
}
