"""The shared word: what a job is, for the tier that accepts it and the tier that does it."""
