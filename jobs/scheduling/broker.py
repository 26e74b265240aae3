"""The message broker: notifies a worker that a job waits. The message has only the job's id; SQL has the state."""

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from jobs.errors import BrokerUnreachableError

RUN_JOB = "worker.tasks.run_job"
QUEUE = "clr"
BROKER_TIMEOUT_S = 1.0
CHECK_KEY = "clr.check"


def celery_config(broker_url: str) -> dict[str, object]:
    """Return the settings that producers and workers share: JSON only, early acknowledgement, no stored results."""
    return {
        "broker_url": broker_url,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_default_queue": QUEUE,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": False,
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
    }


class WorkerNotifier:
    """Tells workers through the broker that a job waits.

    Args:
        broker_url: ``redis://…`` of a Redis or Valkey.
    """

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("clr", set_as_current=False)
        self._app.config_from_object(celery_config(broker_url))
        self._app.conf.broker_transport_options = {
            "socket_connect_timeout": BROKER_TIMEOUT_S,
            "socket_timeout": BROKER_TIMEOUT_S,
            "max_retries": 0,
        }

    def notify(self, job_id: str) -> None:
        """Tell a worker that ``job_id`` waits.

        Raises:
            BrokerUnreachableError: The message was not sent. The job is safe in SQL: workers look there too.
        """
        try:
            self._app.send_task(RUN_JOB, args=[job_id], queue=QUEUE, retry=False)
        except (OperationalError, OSError, RedisError) as error:
            raise BrokerUnreachableError(f"the broker did not take the message: {error}") from error

    def check(self) -> None:
        """Connect to the broker and write to it: a replica or a full broker answers, but accepts no message.

        Raises:
            BrokerUnreachableError: It does not answer, or accepts no writes.
        """
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_TIMEOUT_S)
                connection.default_channel.client.set(CHECK_KEY, "", ex=1)
        except (OperationalError, OSError, RedisConnectionError, RedisTimeoutError) as error:
            raise BrokerUnreachableError("does not answer") from error
        except RedisError as error:
            raise BrokerUnreachableError(f"takes no writes: {error}") from error

    def close(self) -> None:
        """Close the open connections."""
        self._app.close()
