"""The Celery tier: claims jobs, runs them, and sees to it that they end."""
