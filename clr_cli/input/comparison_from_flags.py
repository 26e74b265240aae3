"""Makes the spec of a comparison from the options of ``clr compare``."""

from collections.abc import Sequence
from dataclasses import dataclass

from clr_cli.input.spec_from_flags import (
    ConditionFlags,
    LabelFlags,
    RangeTestFlags,
    Spec,
    fields_of,
    given,
    lr_find_spec,
    peak_of,
)
from clr_client.errors import UsageError

OWN_FIELDS = ("steps", "epochs", "global_batch_size", "world_size")  # of an arm; all others are its schedule's


@dataclass(frozen=True)
class CompareFlags:
    """What is compared, and by what, as typed; None is not typed."""

    arms: Sequence[str] = ()
    preset: str | None = None
    steps: int | None = None
    ratio: int | None = None
    max_lr: str | None = None
    standard_lr: float | None = None
    seeds: str | None = None
    target: str | None = None
    metric: str | None = None
    reference: str | None = None
    equal_budget: bool | None = None
    evaluate_every: int | None = None


def compare_spec(
    conditions: ConditionFlags, compared: CompareFlags, range_test: RangeTestFlags, labels: LabelFlags
) -> Spec:  # fmt: skip
    """The spec of a ``compare`` job.

    Raises:
        UsageError: If neither arms nor a preset are given, or both, or something is not of its form.
    """
    of_preset = given(
        {
            "steps": compared.steps, "ratio": compared.ratio, "standard_lr": compared.standard_lr,
            "max_lr": None if compared.max_lr is None else peak_of(compared.max_lr),
        }
    )  # fmt: skip
    if bool(compared.arms) == (compared.preset is not None):
        raise UsageError('Give what is compared: --arm "NAME=SCHEDULE field=value …" for each, or --preset NAME.')
    if compared.preset is None and of_preset:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in of_preset)
        raise UsageError(f"{flags}: goes with --preset; an arm says it itself, such as steps=600.")
    spec = lr_find_spec(conditions, range_test, labels) | {"kind": "compare"}
    if compared.preset is None:
        spec["arms"] = [_arm(text) for text in compared.arms]
    else:
        spec["preset"] = {"name": compared.preset, **of_preset}
    observe = given({"evaluate_every": compared.evaluate_every})
    return spec | given(
        {
            "seeds": None if compared.seeds is None else _seeds(compared.seeds), "target": _target(compared),
            "reference": compared.reference, "equal_budget_arms": compared.equal_budget, "observe": observe or None,
        }
    )  # fmt: skip


def _arm(text: str) -> Spec:
    """An arm from ``NAME=SCHEDULE field=value field=value``."""
    name, _, rest = text.partition("=")
    schedule, *settings = rest.split() or [""]
    if not name or not schedule.isidentifier():
        raise UsageError(f'--arm must be "NAME=SCHEDULE field=value …", not {text!r}.')
    fields = fields_of(settings)
    own = {field: fields.pop(field) for field in OWN_FIELDS if field in fields}
    return {"name": name, "schedule": {"name": schedule, **fields}, **own}


def _seeds(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--seeds must be whole numbers, such as 0,1,2, not {text!r}.") from None


def _target(compared: CompareFlags) -> Spec | None:
    """A target from a number, or from the name of an arm."""
    if compared.target is None:
        if compared.metric is not None:
            raise UsageError("--metric goes with --target.")
        return None
    try:
        wanted: Spec = {"value": float(compared.target)}
    except ValueError:
        wanted = {"final_of": compared.target}
    return given({"metric": compared.metric}) | wanted
