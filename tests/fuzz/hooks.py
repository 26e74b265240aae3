"""Hooks of schemathesis: answers that go on until a job has ended are asked for once it has."""

import itertools
import re
from typing import Any, Final

import httpx2
import schemathesis
from schemathesis import Case, HookContext

from tests.fuzz.live import ADMIN_KEY

# OpenAPI has no parameter for this header, so that schemathesis never asks for the other forms by itself.
_FORMS: Final = itertools.cycle(["application/json", "text/plain", "text/event-stream"])
_HAS_FORMS: Final = frozenset({"/v1/jobs/{job_id}/logs", "/v1/jobs/{job_id}/events"})
_WAITS: Final = re.compile(r"follow|event-stream|wait\s*=", re.IGNORECASE)
_JOB_ID: Final = re.compile(r"job_[0-9a-f]{32}")
_admin: Final = httpx2.Client(headers={"Authorization": f"Bearer {ADMIN_KEY}"}, trust_env=False)


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Take away what the document says of event streams: a string, which schemathesis expects of each event."""
    del context
    for item in raw_schema["paths"].values():
        for response in item.get("get", {}).get("responses", {}).values():
            response.get("content", {}).get("text/event-stream", {}).pop("schema", None)


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Ask for a form, and cancel jobs that the answer would wait for: no worker runs them here."""
    del context, kwargs
    if case.path in _HAS_FORMS:
        case.headers.setdefault("Accept", next(_FORMS))
    if case.method == "GET" and (case.path == "/v1/events" or _WAITS.search(f"{case.query} {case.headers}")):
        url = str(case.operation.base_url).rstrip("/")
        for job_id in _JOB_ID.findall(f"{case.path_parameters} {case.query}"):
            _admin.post(f"{url}/v1/jobs/{job_id}/cancel")
