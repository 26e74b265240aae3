"""The table of a sweep, on SQLite and on PostgreSQL."""

import pytest

from jobs.database import queries
from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.results.sweep_table import table
from jobs.submission import submit
from tests.attempts import claim
from tests.builders import sweep_spec
from tests.integration.submission.test_sweeps import end

CELLS = 3


def running_sweep(database: Database, **changes: object) -> tuple[str, list[Claim]]:
    parent = submit.submit(database, sweep_spec(**changes)).job_id
    return parent, [claim(database) for _ in range(CELLS)]


def test_the_table_shows_what_is_known_so_far(database: Database) -> None:
    parent, children = running_sweep(database)
    end(database, children[0], "succeed")
    end(database, children[1], "fail")
    with database.read() as session:
        found = table(session, queries.get_job(session, parent))
    assert (found["is_final"], found["over"], found["scaling"]) == (False, ["optimizer.weight_decay"], None)
    good, bad, waiting = found["cells"]
    assert [cell["settings"] for cell in found["cells"]] == [{"optimizer.weight_decay": v} for v in (1e-3, 1e-4, 1e-5)]
    assert good["bounds"]["max_lr"] > good["bounds"]["base_lr"] > 0
    assert (bad["status"], bad["reason"], bad["bounds"]) == ("failed", "invalid_data", None)
    assert bad["error"]["message"] == "the file is broken"
    assert (waiting["status"], waiting["bounds"], waiting["warnings"]) == ("running", None, [])


def test_a_table_over_batch_sizes_has_their_exponent_when_three_are_known(database: Database) -> None:
    parent, children = running_sweep(database, over={"global_batch_size": [32, 64, 128]})
    reasons, scaling = [], {}
    for child in children:
        end(database, child, "succeed")
        with database.read() as session:
            scaling = table(session, queries.get_job(session, parent))["scaling"]["global_batch_size"]
        reasons.append(scaling["reason"])
    assert ["got 1" in (reasons[0] or ""), "got 2" in (reasons[1] or ""), reasons[2]] == [True, True, None]
    assert scaling["exponent"] == pytest.approx(0.0, abs=1e-9)  # the curves are the same
    assert scaling["low"] < 0 < scaling["high"]
