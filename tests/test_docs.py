"""The documents say what the code does: tables, drawings, links, commands and code blocks are compared with it."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from jobs import events, model
from jobs.events import EVENTS
from jobs.model import EDGES, TERMINAL_STATES, JobState
from jobs.settings import Settings
from tests.pages import PAGES, ROOT, Block, blocks, name_of, rows, section, text, words

# The protocol ----------------------------------------------------------------------------------------------------


def fields_of(event: type[events.Event]) -> list[str]:
    """An event's members as the table writes them: those that may be left out with a question mark."""
    return [field.encode_name + ("" if field.required else "?") for field in msgspec.structs.fields(event)]


def table_of_events() -> dict[str, list[str]]:
    found = {}
    for row in rows(section("docs/protocol.md", "Events")):
        names = words(row[0])
        if names and not names[0].startswith("stream."):
            found[names[0]] = words(row[1])
    return found


def test_the_event_table_has_every_event_and_no_other() -> None:
    assert sorted(table_of_events()) == sorted(EVENTS)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_has_the_members_that_the_table_gives_it(name: str) -> None:
    assert sorted(table_of_events()[name]) == sorted(fields_of(EVENTS[name]))


def test_the_events_that_the_table_calls_terminal_are_the_terminal_ones() -> None:
    table = rows(section("docs/protocol.md", "Events"))
    told = {words(row[0])[0] for row in table if words(row[0]) and row[-1] == "Terminal."}

    assert told == events.TERMINAL


def test_every_stream_event_that_the_relay_can_send_is_in_the_table() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "app").rglob("*.py"))
    sent = set(re.findall(r'"(stream\.[a-z_]+)"', code))
    told = {name for row in rows(section("docs/protocol.md", "Events")) for name in words(row[0])[:1]}

    assert sent == {name for name in told if name.startswith("stream.")}


def test_the_error_table_has_every_code_with_its_number() -> None:
    from app.problems import CODES

    table = [row for row in rows(section("docs/protocol.md", "Errors")) if row[0].isdigit()]
    told = {code: int(row[0]) for row in table for code in words(row[1]) if code != "Retry-After"}

    assert told == CODES


def test_the_close_codes_are_those_that_a_websocket_gives() -> None:
    from app.transports.websocket import CODES

    table = (
        section("docs/protocol.md", "Reading events").partition("**How it closes.**")[2].partition("4000 to 4499")[0]
    )
    told = {reason: int(row[0]) for row in rows(table) if row[0].isdigit() for reason in words(row[1])}

    assert told == CODES


def test_the_calls_are_the_routes_that_the_service_describes() -> None:
    from app.operations import PATHS

    table = section("docs/protocol.md", "Calls").partition("###")[0]
    told = {path.split()[-1] for row in rows(table) for path in words(row[0]) if "/" in path}
    routes = {path.replace("{job_id}", "{id}") for path in PATHS}

    pages = {"/", "/docs", "/ticks"}

    assert routes == told - pages


# The transports --------------------------------------------------------------------------------------------------


def test_the_transports_are_those_that_the_service_has() -> None:
    from app.wants import MEDIA_TYPES

    asked = [words(row[1])[0] for row in rows(text("docs/transports.md")) if row[1].startswith("`")]

    assert sorted(set(asked)) == sorted([*MEDIA_TYPES, "Upgrade: websocket"])


def test_the_comparison_is_of_these_transports_and_counts_the_lines_of_their_readers() -> None:
    from bench.readers import READERS, lines_of

    asked, costs, counted = tables_of_transports()

    assert set(asked) == set(costs) == set(READERS)
    assert {name: cells[:2] for name, cells in counted.items()} == {n: [*map(str, lines_of(n))] for n in READERS}


def tables_of_transports() -> list[dict[str, list[str]]]:
    tables: list[dict[str, list[str]]] = []
    for name, *cells in rows(text("docs/transports.md")):
        if name == "transport":
            tables.append({})
        else:
            tables[-1][name] = cells
    return tables


# The state machine -----------------------------------------------------------------------------------------------


def drawing_in(content: str) -> str:
    """The box drawing of *content*, without the indentation that it has there."""
    lines = [line.rstrip() for line in content.splitlines()]
    first = next(n for n, line in enumerate(lines) if "scheduled ─▶ queued" in line)
    last = next(n for n, line in enumerate(lines) if "└─▶ expired" in line)
    drawn = lines[first : last + 1]
    left = min(len(line) - len(line.lstrip()) for line in drawn)
    return "\n".join(line[left:] for line in drawn)


def edges_of_the_code() -> set[tuple[str, str, str]]:
    """From, event and to; the first event of a job comes from ``*``."""
    found = {
        (source.value, event.type, target.value)  # type: ignore[attr-defined]
        for event, (sources, target) in EDGES.items()
        for source in sources
    }
    return found | {("*", events.JobQueued.type, "queued"), ("*", events.JobScheduled.type, "scheduled")}


def test_the_drawing_is_the_one_at_the_top_of_the_model() -> None:
    assert drawing_in(text("docs/state-machine.md")) == drawing_in(model.__doc__ or "")


def test_the_chart_has_the_edges_of_the_model() -> None:
    chart = text("docs/state-machine.md")
    drawn = {
        (source.replace("[*]", "*"), event, target)
        for source, target, event in re.findall(r"^ +(\S+) --> (\w+): (\S+)$", chart, re.MULTILINE)
    }

    assert drawn == edges_of_the_code()
    assert set(re.findall(r"^ +(\w+) --> \[\*\]$", chart, re.MULTILINE)) == {s.value for s in TERMINAL_STATES}


def test_every_edge_has_its_sentence() -> None:
    table = rows(section("docs/state-machine.md", "The edges, a sentence each"))
    told = {
        (row[0].strip("`") or "*", row[1].strip("`"), row[2].strip("`"))
        for row in table
        if row[0] != "from" and row[3].endswith(".")
    }

    assert told == edges_of_the_code()


def test_every_state_is_explained_as_in_the_code() -> None:
    table = {
        row[0].strip("`"): row[1] for row in rows(section("docs/state-machine.md", "The states")) if row[0] != "state"
    }
    comments = re.findall(r"#: ([^\n]+)\n    [A-Z]+ = \"(\w+)\"", text("jobs/model.py"))

    assert list(table) == [state.value for state in JobState]
    assert table == {state: sentence for sentence, state in comments}


#: A variable of ours.
VARIABLE = r"\bTAILRACE_[A-Z_]+\b"


# The settings ----------------------------------------------------------------------------------------------------


def test_the_settings_table_is_the_settings() -> None:
    from jobs.settings import _VARIABLES

    table = list(rows(section("docs/operations.md", "Settings").partition("The command line alone")[0]))[1:]
    defaults = {words(row[0])[0]: row[2] for row in table}

    assert list(defaults) == [variable for variable, _ in _VARIABLES.values()]
    for field, (variable, _) in _VARIABLES.items():
        default = getattr(Settings, field, None)
        if type(default) in {int, float}:
            assert float(defaults[variable].split()[0]) == default, variable


def test_every_variable_that_a_document_names_exists() -> None:
    code = [path for tier in ("app", "cli", "jobs", "tests", "worker") for path in (ROOT / tier).rglob("*.py")]
    known = {name for path in code for name in re.findall(VARIABLE, path.read_text("utf-8"))}
    known |= {f"TAILRACE_{name.upper()}" for name in Settings.__dataclass_fields__}
    known |= set(re.findall(VARIABLE, text("docker-compose.yml")))

    assert {name for page in PAGES for name in re.findall(VARIABLE, page.read_text("utf-8"))} <= known


# Links, paths, commands ------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.replace("`", "").lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    content = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"", content)
    for link in (either or other for either, other in links):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert ROOT in [target, *target.parents], f"{link} leads out of the repository"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_document_names_a_path_of_somebodys_machine(page: Path) -> None:
    for place in ("/" + "tmp/", "/" + "work/", "/" + "root/", "/" + "home/"):
        assert place not in page.read_text("utf-8"), f"{page.relative_to(ROOT)} names {place}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_a_document_gives_exists(page: Path) -> None:
    from cli.arguments import _COMMANDS

    for command in re.findall(r"\./tailrace ([a-z][a-z-]*)", page.read_text("utf-8")):
        assert command in _COMMANDS, f"./tailrace {command}"


def test_every_option_that_the_readme_gives_exists() -> None:
    for line in re.findall(r"\./tailrace [a-z][^`\n#]*", text("README.md")):
        command, *rest = line.removeprefix("./tailrace ").split()
        usage = subprocess.run(
            [sys.executable, "-m", "cli", command, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        for word in rest:
            if word.startswith("--"):
                assert word.partition("=")[0] in usage, f"./tailrace {command} {word}"


def test_every_decision_is_in_the_index() -> None:
    records = {page.name for page in PAGES if page.parent.name == "adr"} - {"README.md"}

    assert set(re.findall(r"\]\((\d{4}-[^)]+)\)", text("docs/adr/README.md"))) == records


# Code ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.place)
def test_every_python_block_compiles(block: Block) -> None:
    compile(block.code, block.place, "exec")


def modules_with_jobs() -> list[Block]:
    return [block for block in blocks("python") if "import" in block.code and "\n@job(" in block.code]


def test_there_is_a_whole_job_module_in_the_readme() -> None:
    assert "README.md" in {block.page.name for block in modules_with_jobs()}


@pytest.mark.parametrize("block", modules_with_jobs(), ids=lambda block: block.place)
def test_every_job_module_of_the_documents_runs_through_the_workers_runner(block: Block, tmp_path: Path) -> None:
    from tests.rehearsal import job_types, try_out

    module = tmp_path / "documented.py"
    module.write_text(block.code, "utf-8")
    spec = importlib.util.spec_from_file_location("documented", module)
    assert spec is not None
    assert spec.loader is not None
    documented = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(documented)

    kinds = job_types(documented)
    assert kinds
    for kind in kinds:
        told = try_out(kind)
        assert told.state == "succeeded", told
