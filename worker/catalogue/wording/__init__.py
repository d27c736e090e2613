"""What people read, in their language: numbers, dates, counts and sentences."""
