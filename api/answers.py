"""Examples for the OpenAPI document: of every document that is answered with, and of the ids in paths.

``answers.json`` has them by the names of their schemas; a test holds each against its schema.
"""

import json
from importlib.resources import files
from typing import Any

ANSWERS: dict[str, Any] = json.loads(files("api").joinpath("answers.json").read_text())
PARAMETERS: dict[str, Any] = {
    "job_id": "job_0192f0c1d2e37f4a8b5c6d7e8f901234",
    "dataset_id": "ds_0192f0c1d2e37f4a8b5c6d7e8f901234",
    "key_id": "key_0123456789abcdef",
    "name": "gpu-a",
    "step": 940,
}
