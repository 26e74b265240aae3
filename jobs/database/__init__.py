"""The database: sessions, tables, records and the queries that the service shares."""
