"""A tool's result cut to what may be kept and shown to a model: whole rows and passages go, the last first."""

import json
from typing import Any

from worker.catalogue.agent.limits import RESULT_CHARS

#: Lists that may be cut, and what says so.
_LISTS = ("rows", "passages", "summary", "artifacts")


def fitted(content: dict[str, Any]) -> dict[str, Any]:
    """*content*, or what of it fits; ``more`` says that there was more."""
    while _size(content) > RESULT_CHARS:
        longest = max((name for name in _LISTS if content.get(name)), key=lambda name: _size(content[name]), default="")
        if not longest:
            return {"error": "The result is too large to be shown."}
        content = {**content, longest: content[longest][: len(content[longest]) // 2], "more": True}
    return content


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str))
