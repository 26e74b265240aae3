"""The dashboard: pages at ``/``. Each is a frame without data, filled from ``/v1`` by its module."""
