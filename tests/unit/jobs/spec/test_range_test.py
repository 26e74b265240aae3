from typing import Any

import pytest
from pydantic import ValidationError

from jobs.spec.range_test import Probe
from tests.builders import conditions, lr_find_spec


def refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as error:
        lr_find_spec(**changes)
    (problem,) = error.value.errors()
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def test_probes_have_defaults_where_they_are_asked_for_and_are_none_elsewhere() -> None:
    assert lr_find_spec(refine="probe").probe == Probe(rates=8, steps=1200)
    assert lr_find_spec().probe is None
    assert lr_find_spec(refine="probe", probe={"rates": 4}).probe == Probe(rates=4, steps=1200)


def test_a_probed_job_is_as_long_as_its_sweeps_and_its_budget() -> None:
    plain = lr_find_spec().total_steps
    assert lr_find_spec(refine="probe", probe={"steps": 500}).total_steps == plain + 500


def test_what_no_ladder_can_be_is_refused_with_field_and_legal_range() -> None:
    assert refused(probe={}) == 'probe: goes with refine = "probe" only'
    told = refused(refine="probe", probe={"rates": 8, "steps": 399})
    assert told == "probe.steps: must be an integer >= 400 for 8 rates"
    assert refused(refine="probe", probe={"rates": 1}).startswith("probe.rates: Input should be greater than")
    nodes = conditions(nodes=2)
    assert refused(conditions=nodes, refine="probe") == "probe: goes with conditions.nodes = 1, got 2"
    assert refused(refine="bayes").startswith("refine: Input should be 'probe'")
    assert refused(refine="probe", probe={"step": 500}).startswith("probe.step: Extra inputs")


def plain(diverged_at: float | None, max_lr: float | None) -> dict[str, Any]:
    bounds = None if max_lr is None else {"base_lr": max_lr / 10, "max_lr": max_lr}
    return {"evidence": {"lr_range": [1e-6, 10.0], "diverged_at": diverged_at}, "bounds": bounds}
