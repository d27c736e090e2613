"""The comparison of the transports, for a second a cell: it measures, judges, and writes its page."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.matrix import BEGIN, END
from bench.readers import READERS
from tests.service import ROOT, Service

pytestmark = [pytest.mark.acceptance, pytest.mark.crowd]

PROSE = ("# Which one\n\nWords before.\n\n", "\n\nWords behind.\n")


class Comparison(NamedTuple):
    """What one run has printed and written: its tables by transport, the page, the picture."""

    printed: str
    page: str
    picture: str

    def table(self, number: int) -> dict[str, list[str]]:
        """The number-th table's cells by transport."""
        tables: list[dict[str, list[str]]] = []
        for line in self.printed.splitlines():
            name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            if line.startswith("| transport"):
                tables.append({})
            elif name in READERS:
                tables[-1][name] = cells
        return tables[number]


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder: Path = tmp_path_factory.mktemp("docs")
    page = folder / "transports.md"
    page.write_text(f"{PROSE[0]}{BEGIN}\nof another day\n{END}{PROSE[1]}", "utf-8")
    words = ["--seconds", "1", "--rates", "10", "--clients", "4", "--idle", "0", "--out", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "cli", "bench", "transports", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return Comparison(done.stdout, page.read_text("utf-8"), (folder / "pictures" / "transports.svg").read_text("utf-8"))


@pytest.mark.parametrize("name", READERS)
def test_a_reader_that_has_the_last_event_is_done(service: Service, name: str) -> None:
    job_id = service.submit("ticks", n=1, seconds=0)["id"]
    cursor = service.wait(job_id)["cursor"]

    told = list(READERS[name](f"{service.url}/v1/jobs/{job_id}/events", cursor))

    assert [envelope for envelope in told if "seq" in envelope] == []


def test_each_transport_was_measured_at_the_rate(comparison: Comparison) -> None:
    rows = comparison.table(0)

    assert list(rows) == list(READERS)
    for name, (rate, _, _, requests, wire, _, client) in rows.items():
        assert rate == "10"
        assert (int(requests) > 0) == (name in {"polling", "long-poll"}), f"{name}: {requests} requests a minute"
        assert int(wire) > 100, f"{name}: an event of {wire} bytes"
        assert int(client) > 0


def test_polling_is_later_than_all_that_is_told_as_it_happens(comparison: Comparison) -> None:
    latency = {name: int(cells[1]) for name, cells in comparison.table(0).items()}

    assert latency.pop("polling") > max(latency.values())


def test_no_reader_loses_anything_to_cut_connections(comparison: Comparison) -> None:
    ends = [cells[7].rpartition("; ")[2] for cells in comparison.table(1).values()]

    assert ends == ["nothing lost in 4 cuts"] * len(READERS)


def test_pages_pass_where_streams_are_held_back(comparison: Comparison) -> None:
    for name, (_, _, _, http10, nginx, gzip, *_) in comparison.table(1).items():
        if nginx == "not run":
            pytest.skip("there is no nginx here")
        assert (http10, nginx) == (("no", "no") if name == "WebSocket" else ("yes", "yes"))
        assert (gzip == "yes") == (name in {"polling", "long-poll"}), f"{name}: {gzip}"


def test_the_page_has_the_same_and_keeps_the_words_around_it(comparison: Comparison) -> None:
    assert comparison.page.startswith(PROSE[0] + BEGIN)
    assert comparison.page.endswith(END + PROSE[1])
    assert comparison.printed.strip() in comparison.page
    assert "of another day" not in comparison.page


def test_the_picture_names_them_all(comparison: Comparison) -> None:
    assert all(f">{name}<" in comparison.picture for name in READERS)
