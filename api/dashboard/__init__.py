"""The dashboard: pages at ``/``, which contain no data; their scripts fetch it from ``/v1``."""
