"""Makes a spec from flags and ``--set``. It checks only what the server cannot see; the server validates the rest."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clr_cli.input.flags import FLAGS
from clr_cli.input.settings import Spec, fields_of, merged, nested
from clr_cli.input.spec_fields import fields_of_kind
from clr_client.errors import UsageError

# Values that work on any machine, for fields that have no default.
CONDITIONS: Spec = {
    "model": {"name": "mlp"},
    "dataset": {"name": "digits"},
    "optimizer": {"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4},
    "global_batch_size": 128,
    "world_size": 1,
}
SCHEDULE = {"name": "one_cycle"}
PEAKS = ("lr", "max_lr")  # the names of the highest rate in schedules


def spec_of(kind: str, typed: Mapping[str, Any], settings: Sequence[str] = ()) -> Spec:
    """Return the spec of a job: defaults, changed by flags and ``path=value`` pairs.

    Args:
        kind: Kind of the job.
        typed: Values of the typed flags, by parameter.
        settings: The values of ``--set``.

    Raises:
        UsageError: If a value is malformed, a field is given twice, or flags contradict each other.
    """
    fields, sources = _fields(kind, typed, fields_of(settings))
    patch = nested(fields)
    spec: Spec = merged(_start(kind, patch), patch)
    if kind in _CHECKS:
        _CHECKS[kind](spec, sources)
    return spec


def start(kind: str) -> Spec:
    """Return the default spec, which flags change."""
    return {"kind": kind, "conditions": CONDITIONS} | ({"schedule": SCHEDULE} if kind == "train" else {})


def value_at(document: Any, path: str) -> Any:
    """Return the value at a path of a document; None if there is none."""
    for name in path.split("."):
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _fields(kind: str, typed: Mapping[str, Any], settings: Spec) -> tuple[Spec, dict[str, str]]:
    """Return values by path, and the source of each: a flag, or ``--set``."""
    schedule = typed.get("schedule") or settings.get("schedule.name") or SCHEDULE["name"]
    is_flat = schedule in fields_of_kind("train")["schedule.lr"].forms
    fields, sources = Spec(), dict[str, str]()
    for flag in FLAGS[kind]:
        if typed.get(flag.parameter) is None:
            continue
        for path, value in flag.values(typed[flag.parameter]).items():
            place = "schedule.lr" if path == "schedule.max_lr" and is_flat else path
            if place in fields:
                raise UsageError(f"{sources[place]} and {flag.name} set the same field; leave one out.")
            fields[place], sources[place] = value, flag.name
    if twice := sorted(sources.keys() & settings.keys()):
        raise UsageError(f"{sources[twice[0]]}: --set {twice[0]} says it too; leave one out.")
    return fields | settings, sources | {path: f"--set {path}" for path in settings}


def _start(kind: str, patch: Spec) -> Spec:
    """Return the base of a patch: without conditions if a job gives them, without fields that the optimizer lacks."""
    spec = start(kind)
    if kind == "train" and _takes_bounds(patch):
        del spec["conditions"]
        return spec
    default = CONDITIONS["optimizer"]
    name = value_at(patch, "conditions.optimizer.name") or default["name"]
    known = fields_of_kind(kind)
    forms = {field: known[f"conditions.optimizer.{field}"].forms for field in default}
    spec["conditions"] = CONDITIONS | {
        "optimizer": {field: value for field, value in default.items() if name in forms[field] or not forms[field]}
    }
    return spec


def _takes_bounds(spec: Spec) -> bool:
    """Return whether the peak of a training comes from a job."""
    return any(isinstance(value_at(spec, f"schedule.{peak}"), dict) for peak in PEAKS)


def _check_training(spec: Spec, sources: Mapping[str, str]) -> None:
    schedule, known = spec.get("schedule"), fields_of_kind("train")
    peaks = [peak for peak in PEAKS if value_at(schedule, "name") in known[f"schedule.{peak}"].forms]
    if peaks and value_at(schedule, peaks[0]) is None:
        raise UsageError("Give the peak: either --from-job ID, or --max-lr with a number or auto.")
    if ("epochs" in spec) == ("steps" in spec):
        raise UsageError("Give the length: either --epochs or --steps.")
    conditions = dict.fromkeys(source for path, source in sources.items() if path.startswith("conditions."))
    if conditions and _takes_bounds(spec):
        raise UsageError(
            f"{', '.join(conditions)}: with bounds of a job the conditions are those of that job; leave this out."
        )


def _check_sweep(spec: Spec, _: Mapping[str, str]) -> None:
    if "over" not in spec:
        raise UsageError("Give what varies: --over optimizer.weight_decay=1e-3,1e-4; once or up to four times.")


def _check_comparison(spec: Spec, sources: Mapping[str, str]) -> None:
    of_preset = [source for path, source in sources.items() if path.startswith("preset.")]
    if of_preset and value_at(spec, "preset.name") is None:
        raise UsageError(f"{', '.join(of_preset)}: goes with --preset; an arm says it itself, such as steps=600.")
    if ("arms" in spec) == ("preset" in spec):
        raise UsageError('Give what is compared: --arm "NAME=SCHEDULE field=value …" for each, or --preset NAME.')


_CHECKS: dict[str, Callable[[Spec, Mapping[str, str]], None]] = {
    "train": _check_training,
    "sweep": _check_sweep,
    "compare": _check_comparison,
}
