"""What the executable runs inside its virtual environment: one file per subcommand."""
