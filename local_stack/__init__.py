"""``clr up``: broker, migrations, worker and API on one machine."""
