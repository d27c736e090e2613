"""From the event log to the client: replay, follow, end."""
