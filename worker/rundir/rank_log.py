"""The log of rank 0, as text for people. The report is for the supervisor."""

import logging
import sys

from worker.rundir.report_lines import CheckpointLine, NoteLine, PlanLine, PointsLine, ReportLine, ResultLine

log = logging.getLogger("clr.rank")


def begin() -> None:
    """Have this process's narration go to its standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)


def tell(line: ReportLine) -> None:
    """Say in words what a line of the report says, where it is not one of very many."""
    match line:
        case PlanLine() if line.resolved.document():
            log.info("%s steps in all", line.total_steps)
        case PointsLine() if any(name.startswith("val_") for name in line.values) and line.epoch is not None:
            found = ", ".join(f"{name} {values[-1]:.6g}" for name, values in line.values.items())
            log.info("after step %s, epoch %.2f: %s", line.done, line.epoch, found)
        case CheckpointLine():
            log.info("a checkpoint after step %s%s", line.step, ", the best so far" if line.best else "")
        case NoteLine():
            log.info("%s: %s", line.kind, line.data)
        case ResultLine():
            log.info("done")
