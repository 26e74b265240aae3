"""What the broker may carry: JSON, and nothing that runs when it is read."""

import pickle

import pytest
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads, prepare_accept_content

from jobs.queue import celery_config


def test_messages_are_json_and_a_pickled_one_is_refused() -> None:
    config = celery_config("redis://127.0.0.1:1/0")
    assert (config["task_serializer"], config["accept_content"]) == ("json", ["json"])
    accept = prepare_accept_content(config["accept_content"])
    with pytest.raises(ContentDisallowed):
        loads(pickle.dumps(["job"]), "application/x-python-serialize", "binary", accept=accept)
    assert loads(b'["job"]', "application/json", "utf-8", accept=accept) == ["job"]
