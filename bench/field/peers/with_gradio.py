"""Behind Gradio's queue: a generator that tells of progress ten times, and a function that does nothing."""

import os
from collections.abc import Iterator
from typing import Any

import gradio


def job(_text: str) -> Iterator[dict[str, Any]]:
    for current in range(10):
        yield {"current": current, "total": 10, "message": "processing chunk " + "x" * 120}
    yield {"done": True}


def nothing(_text: str) -> None:
    """What it takes is what everything around it takes."""


with gradio.Blocks() as page:
    text, out, button = gradio.Textbox(), gradio.JSON(), gradio.Button()
    button.click(job, text, out, api_name="job")
    button.click(nothing, text, out, api_name="nothing")
page.queue(default_concurrency_limit=40, max_size=None)
page.launch(server_name="127.0.0.1", server_port=int(os.environ["PORT"]), quiet=True, max_threads=80)
