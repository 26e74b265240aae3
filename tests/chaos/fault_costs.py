"""What faults cost: the attempts lost after each, the steps done again, and the longest wait."""

from collections import Counter
from collections.abc import Iterator

from tests.chaos.rig import Rig

ENDS = {"succeeded", "failed", "cancelled", "diverged"}


def fault_costs(rig: Rig, made: list[tuple[float, str]]) -> Iterator[str]:
    """A line for each kind of fault; what was lost is put down to the fault that was made last before.

    Args:
        rig: The stack.
        made: When faults were made, and their names, in order.
    """
    query = "SELECT job_id, number, outcome, started_at, finished_at, resumed_from_step, last_step FROM attempts"
    attempts = {(row["job_id"], row["number"]): row for row in rig.rows(query)}
    outcomes: dict[str, Counter[str]] = {name: Counter() for _, name in made}
    steps: Counter[str] = Counter()
    waits: dict[str, float] = {}
    for (job_id, number), lost in attempts.items():
        name = next((name for at, name in reversed(made) if at <= (lost["finished_at"] or 0.0)), None)
        following = attempts.get((job_id, number + 1))
        if name is None or following is None or lost["outcome"] in ENDS:
            continue
        outcomes[name][lost["outcome"]] += 1
        steps[name] += max((lost["last_step"] or 0) - (following["resumed_from_step"] or 0), 0)
        waits[name] = max(waits.get(name, 0.0), following["started_at"] - lost["finished_at"])
    for name, count in Counter(name for _, name in made).items():
        ended = ", ".join(f"{many} x {outcome}" for outcome, many in outcomes[name].items()) or "no attempt"
        waited = f", waited up to {waits[name]:.1f} s" if name in waits else ""
        yield f"{name}: made {count} x, lost {ended}, {steps[name]} steps done again{waited}"
