"""What the broker may carry: JSON, and nothing that runs when it is read."""

import pickle
from typing import Any

import pytest
from kombu import serialization
from kombu.exceptions import ContentDisallowed

from jobs.scheduling.broker import celery_config

codec: Any = serialization  # untyped


def test_messages_are_json_and_a_pickled_one_is_refused() -> None:
    config = celery_config("redis://127.0.0.1:1/0")
    assert (config["task_serializer"], config["accept_content"]) == ("json", ["json"])
    accept = codec.prepare_accept_content(config["accept_content"])
    with pytest.raises(ContentDisallowed):
        codec.loads(pickle.dumps(["job"]), "application/x-python-serialize", "binary", accept=accept)
    assert codec.loads(b'["job"]', "application/json", "utf-8", accept=accept) == ["job"]
