"""A page that needs nothing else: its templates, and the style that all such pages wear."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from worker.catalogue.drawing.svg import css

_SHEET = Path(__file__).with_name("page.css")


def environment(templates: Path) -> Environment:
    """What is put into a template is escaped, and none of it is forgotten."""
    return Environment(loader=FileSystemLoader(templates), autoescape=True, undefined=StrictUndefined)


def style() -> Markup:
    """Rules for a page and the charts in it."""
    return Markup(css() + _SHEET.read_text("utf-8"))  # noqa: S704 - our own file
