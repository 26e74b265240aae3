"""Score every rule for learning-rate bounds on lrbench and on our own tasks.

    python benchmarks/bounds.py PATH_TO_LRBENCH [--sets lrbench own late last]

Regret is what is lost, in normalised final loss (or error) of a real 1cycle training, by the suggested max_lr:
0 is perfect, 1 is useless.  Prints for each set of tasks a table of all rules, sweep by sweep and for the median
of three sweeps, the default rule's regret on each task, what leaving tasks out of the choice of its constants
costs and how often its intervals hold.  A minute on one core. The last line is JSON.
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as a plain script, from any folder

from benchmarks.bounds_tasks import checks
from benchmarks.bounds_tasks.generate import DATA
from benchmarks.bounds_tasks.peers import PEERS
from benchmarks.bounds_tasks.scoring import (
    Rule,
    Score,
    TaskRule,
    default_rule,
    median_of_three,
    named,
    told_of_batch_norm,
    told_of_plain_sgd,
    total,
)
from clr_core.bounds import NAMED_RULES

COLUMNS = ("exp100", "exp200", "exp200val", "exp100to1", "linear100")
MEDIAN = "median of 3"  # of neighbouring sweeps of exp100
METRICS = ("loss", "error")  # error is 1 - accuracy, for classification


def rules() -> dict[str, TaskRule]:
    """All rules by the name under which the table shows them."""

    def same_for_all(rule: Rule) -> TaskRule:
        return lambda _task, _variant: rule

    ours: dict[str, TaskRule] = {
        "default": same_for_all(default_rule),
        "default, told of plain SGD": told_of_plain_sgd,
        "default, told of batch norm": told_of_batch_norm,
    }
    ours |= {name: same_for_all(named(rule)) for name, rule in NAMED_RULES.items() if name != "accuracy_peak"}
    return ours | {f"peer: {name}": same_for_all(rule) for name, rule in PEERS.items()}


def table(score: ModuleType, tasks: list[Any], title: str, metric: str) -> dict[str, dict[str, Score]]:
    print(f"\n{title}: {len(tasks)} tasks, final {metric}; mean regret, worst task in brackets, * marks failures")
    print(f"{'rule':28s}" + "".join(f"{c:>16s}" for c in (*COLUMNS, MEDIAN)) + f"{'spread':>8s}{'of 3':>6s}")
    out: dict[str, dict[str, Score]] = {}
    judged = [task for task in tasks if task.grid(metric) is not None]
    for name, rule in rules().items():
        cells = {column: total(score, judged, rule, column, metric) for column in COLUMNS}
        cells[MEDIAN] = median_of_three(score, judged, rule, "exp100", metric)
        shown = "".join(
            f"{f'{c.mean:.3f} ({c.worst_task:.2f})':>15s}{'*' if c.failed else ' '}" for c in cells.values()
        )
        print(f"{name:28s}{shown}{cells['exp100'].spread:8.2f}{cells[MEDIAN].spread:6.2f}", flush=True)
        out[name] = cells
    return out


def load_score(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("lrbench_score", folder / "score.py")
    if spec is None or spec.loader is None:
        sys.exit(f"no score.py in {folder}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def task_sets(score: ModuleType, folder: Path) -> dict[str, list[Any]]:
    """The tasks of lrbench and our own tasks in three batches, which their names begin with."""
    ours = score.load(DATA)
    batches = {batch: [task for task in ours if task.name.startswith(f"{batch}_")] for batch in ("own", "late", "last")}
    return {"lrbench": score.load(folder)} | batches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lrbench", type=Path)
    parser.add_argument("--sets", nargs="+", choices=("lrbench", "own", "late", "last"), help="all by default")
    arguments = parser.parse_args()
    score = load_score(arguments.lrbench)
    sets = task_sets(score, arguments.lrbench)
    result: dict[str, Any] = {}
    for name in arguments.sets or sets:
        for metric in METRICS:
            rows = table(score, sets[name], name, metric)
            cells = {rule: {c: vars(s) for c, s in row.items()} for rule, row in rows.items()}
            result.setdefault(name, {})[metric] = cells
    for name in arguments.sets or sets:
        print(f"\n{name}: the default rule")
        print(checks.by_task(score, sets[name]))
        result[f"{name} checks"] = {
            "leave one task out": checks.leave_one_out(sets[name]),
            "intervals": checks.intervals(sets[name]),
        }
        for check, values in result[f"{name} checks"].items():
            print(f"{check}: " + json.dumps(values))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
