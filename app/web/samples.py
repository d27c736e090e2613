"""Files to try a job type with: what the ``sample`` of a param's schema names."""

from pathlib import Path

from flask import Response, send_from_directory

FOLDER = Path(__file__).parents[2] / "examples" / "data"


def serve(name: str) -> Response:
    """The file of that name, to be saved: none of them is a page of this site."""
    return send_from_directory(FOLDER, name, as_attachment=True, max_age=0)
