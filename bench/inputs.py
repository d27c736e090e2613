"""Input for each job type of the catalogue, made by lot and uploaded: no two seeds have the same."""

import csv
import io
import random
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from tests.service import Service

Maker = Callable[[Service], Mapping[str, Any]]

_WORDS = ("river", "stone", "bridge", "engine", "ledger", "winter", "signal", "copper", "garden", "orchard", "lantern")
_lots = random.Random(20)


def _upload(service: Service, name: str, data: bytes) -> str:
    answer = service.client.post(
        f"/v1/files?name={name}", content=data, headers={"Content-Type": "application/octet-stream"}
    )
    answer.raise_for_status()
    return str(answer.json()["id"])


def _table(rows: int) -> bytes:
    """Shops, days, and a target that follows from the rest, but for some noise."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["day", "shop", "visitors", "price", "sales", "busy"])
    for n in range(rows):
        visitors, price = _lots.randint(10, 500), round(_lots.uniform(1, 9), 2)
        sales = round(visitors * 0.3 - price * 4 + _lots.gauss(0, 5), 2)
        writer.writerow(
            [
                f"2025-{n % 12 + 1:02}-{n % 28 + 1:02}",
                _lots.choice("NSEW"),
                visitors,
                price,
                sales,
                "yes" if sales > 60 else "no",
            ]
        )
    return text.getvalue().encode()


def _prose(sentences: int) -> str:
    return " ".join(
        " ".join(_lots.choices(_WORDS, k=_lots.randint(5, 12))).capitalize() + "." for _ in range(sentences)
    )


def _archive(count: int, broken: int) -> bytes:
    """Pages of HTML, of which some are not even zip members that can be read as what they are called."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(count):
            if n % (count // broken) == 0:
                archive.writestr(f"page {n:04}.pdf", b"%PDF-1.7 and then nothing of the kind")
            else:
                archive.writestr(f"page {n:04}.html", f"<html><h1>{_prose(1)}</h1><p>{_prose(20)}</p></html>")
    return packed.getvalue()


def report(service: Service) -> Mapping[str, Any]:
    return {"file": _upload(service, "shops.csv", _table(20_000))}


def generate(_service: Service) -> Mapping[str, Any]:
    return {"prompt": "The little house", "max_tokens": 3000, "seed": 7, "temperature": 1.0}


def train(service: Service) -> Mapping[str, Any]:
    return {"file": _upload(service, "shops.csv", _table(4000)), "target": "busy", "epochs": 60, "seed": 3}


def files(service: Service) -> Mapping[str, Any]:
    return {"archive": _upload(service, "pages.zip", _archive(600, 30)), "operation": {"kind": "text"}}


def monitor(_service: Service) -> Mapping[str, Any]:
    return {"targets": [{"kind": "cpu"}, {"kind": "memory"}], "interval_seconds": 0.1, "duration_seconds": 6}


def agent(service: Service) -> Mapping[str, Any]:
    documents = [_upload(service, f"notes {n}.txt", _prose(300).encode()) for n in range(2)]
    return {
        "goal": "What is the mean of sales per shop? Make a report of it as well.",
        "files": [_upload(service, "shops.csv", _table(5000)), *documents],
    }


MAKERS: dict[str, Maker] = {each.__name__: each for each in (generate, train, files, monitor, agent, report)}
