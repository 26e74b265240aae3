from clr_cli.output.tables import workers_table


def test_the_table_of_workers_shows_draining_quarantine_and_what_runs() -> None:
    worker = {
        "name": "gpu-a", "host": "h", "slots": 4, "free_slots": 1, "quarantined_slots": [3], "state": "draining",
        "heartbeat_age_s": 0.52, "versions": {"torch": "2.13.0"}, "jobs": [{"job_id": "job_1"}],
    }  # fmt: skip
    line = workers_table([worker]).splitlines()[1]
    for part in ("gpu-a", "draining, quarantine: 3", "0.5 s ago", "2.13.0", "job_1"):
        assert part in line
    assert workers_table([]) == "No worker is alive."
