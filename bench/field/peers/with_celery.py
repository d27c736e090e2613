"""Celery's own way: ``update_state`` in the task, and a web tier that is asked again and again."""

import os
import time
from typing import Any

from celery import Celery, Task
from celery.result import AsyncResult
from flask import Flask

URL = os.environ["REDIS_URL"]
celery = Celery("peer", broker=URL, backend=URL)
celery.conf.update(broker_connection_retry_on_startup=True, worker_prefetch_multiplier=1)
app = Flask(__name__)


@celery.task(bind=True)
def tell(self: Task, rate: float, seconds: float) -> None:
    """Progress at a steady pace, each with the moment at which it was told."""
    begun = time.monotonic()
    for current in range(int(rate * seconds)):
        time.sleep(max(0.0, begun + current / rate - time.monotonic()))
        self.update_state(state="PROGRESS", meta={"current": current, "at": time.monotonic()})


@app.get("/tell/<int:rate>/<int:seconds>")
def begin(rate: int, seconds: int) -> dict[str, str]:
    return {"id": tell.delay(rate, seconds).id}


@app.get("/state/<job>")
def state(job: str) -> dict[str, Any]:
    result = AsyncResult(job, app=celery)
    return {"state": result.state, "info": result.info if isinstance(result.info, dict) else None}
