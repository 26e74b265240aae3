"""Submits a comparison: its range tests, then a training for each arm and seed."""

from sqlalchemy.orm import Session

from jobs.database.tables.jobs import Job
from jobs.spec.comparison import reference_of, shortest, with_peak
from jobs.spec.job import CompareSpec
from jobs.spec.resolved import ArmRun, ResolvedArm, ResolvedComparison
from jobs.spec.schedules.documents import FromJob
from jobs.submission.new_job import add_parent
from jobs.submission.submit_training import add_range_test, add_training


def add_comparison(session: Session, spec: CompareSpec) -> tuple[Job, list[Job]]:
    """Write a comparison, its range tests and its trainings.

    The longest arm of a seed runs first, so that no slots are idle at the end. Seeds run in turn, to compare early.

    Returns:
        The comparison, and its jobs in the order in which they should run.
    """
    parent, adopt = add_parent(session, spec)
    own, every = {arm.name for arm in spec.own_arms}, spec.all_arms
    conditions = {arm.name: arm.conditions(spec.conditions) for arm in every}
    tests: dict[str, Job] = {}
    for arm in every:
        fingerprint = conditions[arm.name].fingerprint()
        if arm.schedule.peak == "auto" and fingerprint not in tests:
            tests[fingerprint] = adopt(add_range_test(session, spec, conditions[arm.name], spec.name or "compare"))
    trainings: list[Job] = []
    runs: dict[str, list[ArmRun]] = {arm.name: [] for arm in every}
    for seed in spec.seeds:
        for arm in sorted(every, key=lambda arm: -arm.budget):
            training = spec.training(arm, conditions[arm.name], seed)
            if arm.schedule.peak == "auto":
                found = FromJob(from_job=tests[conditions[arm.name].fingerprint()].id)
                training = training.model_copy(update={"schedule": with_peak(arm.schedule, found)})
            job = adopt(add_training(session, training)[0])
            trainings.append(job)
            runs[arm.name].append(ArmRun(seed=seed, job_id=job.id))
    parent.resolved = ResolvedComparison(
        arms=[
            ResolvedArm(
                **arm.model_dump(mode="json", exclude_none=True), is_added=arm.name not in own, runs=runs[arm.name]
            )
            for arm in every
        ],
        range_tests=[test.id for test in tests.values()],
        reference=reference_of(every, spec.reference, spec.target).name,
        shortest=shortest(spec.own_arms).name,
    ).document()  # fmt: skip
    return parent, [*tests.values(), *trainings]
