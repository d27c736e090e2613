"""A job's whole life in memory, for its author's tests."""
