"""The log of rank 0, as text for people. The report is for the supervisor."""

import logging
import sys
from typing import Any

log = logging.getLogger("clr.rank")


def begin() -> None:
    """Have this process's narration go to its standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)


def tell(of_type: str, line: dict[str, Any]) -> None:
    """Say in words what a line of the report says, where it is not one of very many."""
    match of_type:
        case "plan" if line["resolved"]:
            log.info("%s steps in all", line["total_steps"])
        case "points" if any(name.startswith("val_") for name in line["values"]) and line["epoch"] is not None:
            found = ", ".join(f"{name} {values[-1]:.6g}" for name, values in line["values"].items())
            log.info("after step %s, epoch %.2f: %s", line["done"], line["epoch"], found)
        case "checkpoint":
            log.info("a checkpoint after step %s%s", line["step"], ", the best so far" if line["best"] else "")
        case "note":
            log.info("%s: %s", line["kind"], line["data"])
        case "result":
            log.info("done")
