"""The example alerts: their form is Prometheus', and every metric that they name is one that the API serves."""

import re
from pathlib import Path
from typing import Any

import yaml
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.session import Database
from jobs.lifecycle import claims, finish
from jobs.status import Outcome
from jobs.submission import submit
from tests.builders import lr_find_spec

RULES = Path(__file__).parents[3] / "docs" / "alerts" / "clr-service.rules.yml"
DURATION = re.compile(r"\d+(ms|[smhdwy])")


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(RULES.read_text())
    assert set(document) == {"groups"}
    found: list[dict[str, Any]] = []
    for group in document["groups"]:
        assert set(group) <= {"name", "interval", "rules"}
        found += group["rules"]
    return found


def test_every_rule_has_the_form_that_prometheus_asks_for() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) >= 8
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert DURATION.fullmatch(rule.get("for", "1m"))
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        for opening, closing in ("()", "[]", "{}"):
            assert rule["expr"].count(opening) == rule["expr"].count(closing), rule["expr"]


def test_every_metric_in_the_rules_is_served(database: Database, database_url: str, tmp_path: Path) -> None:
    submit.submit(database, lr_find_spec())
    claim = claims.claim_next(database, worker="w", slots=2, free=2, lease_s=9)
    assert claim is not None
    finish.give_back(database, claim, Outcome.WORKER_LOST, max_attempts=3)
    settings = Settings(
        data_dir=tmp_path, database_url=SecretStr(database_url), broker_url=SecretStr("redis://127.0.0.1:1/0")
    )
    with TestClient(create_app(settings)) as client:
        client.get("/healthz")
        served = client.get("/metrics").text
    for rule in rules():
        for name in re.findall(r"\bclr_[a-z_]+", rule["expr"]):
            assert re.search(rf"^{name}[ {{]", served, re.MULTILINE), name
    assert 'clr_attempts_total{outcome="worker_lost"} 1.0' in served
    assert "clr_step_seconds_count" in served
