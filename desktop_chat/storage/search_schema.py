"""The tables of the search index, as the migration ``history`` makes them."""

SCHEMA = ""
"""Run after all other tables are there."""
