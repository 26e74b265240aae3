"""Wrong keys, counted by address: who shows too many is told to wait, and nobody else is."""

from starlette.requests import Request

from api.access.rate_limit import Buckets
from api.http.problems import RefusedError, too_many
from jobs.config.settings import Settings

NOTHING_SHOWN = "key_required"  # whoever shows no key has guessed at none


class Failures:
    """A bucket for each address, a tenth of that of a key.

    The bucket is asked after a key was found wrong, never before: an address may be a proxy with everybody behind it,
    and a right key must not wait for wrong ones.
    """

    def __init__(self, settings: Settings) -> None:
        self._buckets = Buckets(settings.rate_per_s / 10, max(1, settings.rate_burst // 10))

    def answer(self, request: Request, error: RefusedError) -> RefusedError:
        """What a request is answered whose key was refused with ``error``: that, or to come back later."""
        if error.code == NOTHING_SHOWN:
            return error
        wait_s = self._buckets.take(address_of(request))
        return too_many(wait_s) if wait_s else error


def address_of(request: Request) -> str:
    """Where a request comes from; behind one of ``CLR_TRUSTED_PROXIES`` what that says."""
    return request.client.host if request.client else "unknown"
