"""The tables. Times are seconds since 1970 on the database's clock; docs/architecture.md explains each table."""
