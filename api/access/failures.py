"""Limits failed authentications per client address."""

from starlette.requests import Request

from api.access.rate_limit import Buckets
from api.http.problems import RefusedError, too_many
from jobs.config.settings import Settings

NOTHING_SHOWN = "key_required"  # a request without a key is not a guess


class Failures:
    """One token bucket per address, with a tenth of the capacity of a key's bucket.

    The bucket is used only after a key was found to be wrong: an address may be a proxy for many clients, and wrong
    keys must not delay valid ones.
    """

    def __init__(self, settings: Settings) -> None:
        self._buckets = Buckets(settings.rate_per_s / 10, max(1, settings.rate_burst // 10))

    def answer(self, request: Request, error: RefusedError) -> RefusedError:
        """The error to respond with after ``error``: the same, or 429 if the address has failed too often."""
        if error.code == NOTHING_SHOWN:
            return error
        wait_s = self._buckets.take(address_of(request))
        return too_many(wait_s) if wait_s else error


def address_of(request: Request) -> str:
    """The client address; if the peer is one of ``CLR_TRUSTED_PROXIES``, the address that the proxy reports."""
    return request.client.host if request.client else "unknown"
