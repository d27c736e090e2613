"""The web tier: jobs over HTTP, and their events as streams."""
