"""A chart as SVG that follows the reader's light or dark screen, keeps its text as text and clashes with no other."""

import io
import re
import unicodedata
import warnings
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

#: Role → colour on a light and on a dark screen. A figure is drawn in the light ones.
PALETTE = {
    "ink": ("#1f2937", "#e8eaf0"),
    "muted": ("#6b7280", "#9aa3b2"),
    "grid": ("#e2e5ea", "#343b49"),
    "line": ("#1d5fd1", "#7db0ff"),
    "soft": ("#a9c7f5", "#33568f"),
    "alert": ("#c8321f", "#ff8a73"),
    "fit": ("#b7791f", "#f0b95a"),
    "paper": ("#ffffff", "#171b24"),
}
_SANS = (
    "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC',"
    " 'Source Han Sans SC', 'WenQuanYi Micro Hei', sans-serif"
)
#: The measuring font has no Chinese signs and takes each for a narrow box: so many spaces make up for one.
_SPACES_A_SIGN = 1.3
_ROLES = {light: role for role, (light, _) in PALETTE.items()}
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_FONT = re.compile(r"'DejaVu Sans'[^;]*")
_PAINT = re.compile(r"(fill|stroke): (#[0-9a-f]{6})")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tailrace",  # the same drawing has the same names in it, whichever run drew it
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.parse_math": False,
    "text.color": PALETTE["ink"][0],
    "axes.edgecolor": PALETTE["grid"][0],
    "axes.labelcolor": PALETTE["muted"][0],
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": PALETTE["grid"][0],
    "grid.linewidth": 0.8,
    "xtick.color": PALETTE["grid"][0],
    "ytick.color": PALETTE["grid"][0],
    "xtick.labelcolor": PALETTE["muted"][0],
    "ytick.labelcolor": PALETTE["muted"][0],
    "ytick.major.size": 0,
    "figure.facecolor": "none",
}

ET.register_namespace("", _SVG)
ET.register_namespace("xlink", _XLINK)


def colour(role: str) -> str:
    """Give the light colour of a role; the dark one takes its place on a dark screen."""
    return PALETTE[role][0]


def roomy(label: str) -> str:
    """A label with as much room as its wide signs will take; the spaces that keep it are gone once it is drawn."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in label)
    return " " * round(wide * _SPACES_A_SIGN) + label


def css() -> str:
    """Style rules that colour charts, and the page around them, by the reader's screen."""
    light = "".join(f"--c-{role}:{pair[0]};" for role, pair in PALETTE.items())
    dark = "".join(f"--c-{role}:{pair[1]};" for role, pair in PALETTE.items())
    rules = "".join(f".f-{r}{{fill:var(--c-{r})!important}}.s-{r}{{stroke:var(--c-{r})!important}}" for r in PALETTE)
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}{rules}"


def drawn(draw: Callable[[Figure], None], size: tuple[float, float], *, name: str, title: str, text: str) -> str:
    """Draw a figure of so many inches and return it as SVG; `text` tells what it shows to those who cannot see it."""
    out = io.StringIO()
    with rc_context(_STYLE), warnings.catch_warnings():
        # A sign that the measuring font lacks is still drawn by the reader's own fonts.
        warnings.simplefilter("ignore", UserWarning)
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        FigureCanvasSVG(figure)
        figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _tidied(out.getvalue(), name, title, text)


def _tidied(raw: str, name: str, title: str, text: str) -> str:
    root = ET.fromstring(raw)  # noqa: S314 - matplotlib's own output
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    for element in root.iter():
        _own(element, name)
        _paint(element)
        if element.tag == f"{{{_SVG}}}text" and element.text:
            element.text = element.text.lstrip(" ")
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-text")
    for tag, words in (("desc", text), ("title", title)):
        element = ET.Element(f"{{{_SVG}}}{tag}", {"id": f"{name}-{'text' if tag == 'desc' else tag}"})
        element.text = words
        root.insert(0, element)
    return ET.tostring(root, encoding="unicode")


def _own(element: ET.Element, name: str) -> None:
    """Make ids and the references to them this chart's own: several charts stand in one page."""
    for key, value in element.attrib.items():
        if key == "id":
            element.set(key, f"{name}-{value}")
        elif key == f"{{{_XLINK}}}href" and value.startswith("#"):
            element.set(key, f"#{name}-{value[1:]}")
        elif "url(#" in value:
            element.set(key, _REFERENCE.sub(rf"url(#{name}-\1)", value))


def _paint(element: ET.Element) -> None:
    """Name the roles of an element's colours, for the style rules; the light colours stay for other viewers."""
    style = element.get("style", "")
    roles = [f"{kind[0]}-{_ROLES[paint]}" for kind, paint in _PAINT.findall(style) if paint in _ROLES]
    if element.tag == f"{{{_SVG}}}text" and "fill:" not in style:
        roles.append("f-ink")
    if roles:
        element.set("class", " ".join(roles))
    if "DejaVu" in style:
        element.set("style", _FONT.sub(_SANS, style))


def alone(svg: str) -> str:
    """Make a chart a file of its own: with the style rules inside, and the paper they are made for."""
    head, _, rest = svg.partition(">")
    style = f"{css()}svg{{background:var(--c-paper)}}"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}><style>{style}</style>{rest}'
