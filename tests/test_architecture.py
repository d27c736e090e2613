"""The house rules that no linter knows: what an import loads, what files are called, how long they are.

Who may import whom is in ``[tool.importlinter]`` of pyproject.toml. That judges the imports as they are written; Python
also runs parent packages, so what really gets loaded is looked at here.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
#: Our own Python code: what a reader of this repository reads.
TIERS = ("jobs", "app", "worker", "cli")


def loaded_by(module: str) -> set[str]:
    """The top-level packages that importing *module* brings in, seen from a fresh process."""
    code = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


# What an import loads --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["tailrace", "tailrace_testing"])
def test_an_authors_import_loads_neither_celery_nor_redis(module: str) -> None:
    assert not loaded_by(module) & {"celery", "kombu", "redis", "flask", "gevent"}


def test_the_web_tier_loads_no_library_of_the_work() -> None:
    assert not loaded_by("app.factory") & {"pydantic", "polars", "pandas", "numpy", "matplotlib", "sklearn", "scipy"}


def test_the_catalogue_loads_no_library_of_the_work_before_a_job_needs_it() -> None:
    of_files = "PIL aiohttp bs4 docx fastexcel fsspec lxml pypdf"
    libraries = f"{of_files} bm25s duckdb httpx httpx2 matplotlib openai polars psutil scipy sklearn skops sqlalchemy"

    assert not loaded_by("worker.catalogue") & {*libraries.split(), "celery", "redis"}


def test_the_command_line_loads_neither_tier() -> None:
    assert not loaded_by("cli.__main__") & {"app", "worker", "flask", "celery", "gevent"}


@pytest.mark.parametrize("module", ["jobs.model", "jobs.decisions", "jobs.writer", "jobs.memory_log", "jobs.resource"])
def test_the_core_runs_without_any_framework(module: str) -> None:
    assert not loaded_by(module) & {"celery", "kombu", "redis", "flask", "gevent", "gunicorn", "pydantic"}


@pytest.mark.parametrize(
    "module", ["app.relay.topic", "app.relay.replay", "app.relay.merge", "app.relay.lens", "app.transports.sse"]
)
def test_the_pure_part_of_the_relay_runs_without_any_framework(module: str) -> None:
    assert not loaded_by(module) & {"celery", "kombu", "redis", "flask", "gevent", "gunicorn", "pydantic"}


def test_a_job_runs_without_celery_or_redis() -> None:
    assert not loaded_by("worker.runner") & {"celery", "kombu", "redis", "flask", "gevent"}


@pytest.mark.parametrize("package", ["jobs", "app", "app.relay", "app.transports", "app.web", "worker", "cli"])
def test_a_package_is_only_a_sentence(package: str) -> None:
    """Whatever stood here would be loaded by every import from the package."""
    tree = ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text("utf-8"))

    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


# What things are called ------------------------------------------------------------------------------------------


def ours() -> list[Path]:
    """Every Python file that is ours, tests and examples too."""
    found = [path for tier in (*TIERS, "tests", "examples") for path in (ROOT / tier).rglob("*.py")]
    return sorted([*found, *ROOT.glob("*.py"), ROOT / "tailrace"])


#: Words that say nothing about what a thing does.
FORBIDDEN = {"manager", "handler", "helper", "helpers", "util", "utils"}


def names_in(path: Path) -> Iterator[str]:
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def words_of(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def test_no_name_is_a_word_for_anything() -> None:
    """Names that a framework asks for (gunicorn's ``handle_error``) are not of this kind."""
    names = {(str(path.relative_to(ROOT)), name) for path in ours() for name in names_in(path)}

    assert not {(path, name) for path, name in names if words_of(name) & FORBIDDEN}


def test_no_script_of_the_page_is_called_by_a_word_for_anything() -> None:
    found = {path.name for path in (ROOT / "app" / "web").rglob("*.*") if words_of(path.stem) & FORBIDDEN}

    assert not found


def test_every_module_opens_with_a_sentence() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in ours()
        if "tests" not in path.parts and not (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").strip()
    ]

    assert not silent


#: Folders of tests that stand for a whole tier or a kind of test, with what they are about.
KINDS = {
    "acceptance": "real processes, from outside",
    "browser": "the page in a real Chromium",
    "chaos": "faults, on purpose",
    "conformance": "every event log",
}
#: Tests of several modules together, or of what is no module, with what they are about.
TOGETHER = {
    "cli/test_deployment.py": "Procfile, Dockerfile, docker-compose.yml",
    "cli/test_executable.py": "the file tailrace itself",
    "test_families.py": "which files go to one process",
    "test_fault_proxy.py": "the wire that other tests break",
    "worker/catalogue/test_forms.py": "all job types, as the page's forms are drawn from them",
    "test_marks.py": "what a run of marked tests reads",
    "worker/test_cancel_for_real.py": "a whole worker whose jobs are cancelled",
    "worker/test_leaving_for_real.py": "a whole worker that is told to stop",
    "worker/test_life_of_a_worker.py": "a whole worker: main process, children and warden",
    "worker/test_losses_for_real.py": "a whole worker that is lost, or taken for lost, or too small",
}
#: Tests at the top that hold the repository itself to its rules.
ABOUT_THE_REPOSITORY = {"test_architecture.py", "test_docs.py", "test_examples.py"}


def mirrored(path: Path) -> bool:
    """Whether a test file is named after what it tests: ``tests/app/test_auth_tokens.py`` after ``app/auth.py``."""
    place = path.relative_to(TESTS)
    if place.parts[0] in KINDS or str(place) in ABOUT_THE_REPOSITORY or str(place) in TOGETHER:
        return True
    words = path.stem.removeprefix("test_").split("_")
    folder = ROOT / place.parent
    names = ["_".join(words[:n]) for n in range(len(words), 0, -1)]
    return any((folder / f"{name}.py").exists() or (folder / name).is_dir() for name in names)


def test_every_test_file_is_named_after_a_module_or_a_kind_of_test() -> None:
    homeless = [str(path.relative_to(ROOT)) for path in TESTS.rglob("test_*.py") if not mirrored(path)]

    assert not homeless


# What is in the repository ---------------------------------------------------------------------------------------


def tracked() -> list[Path]:
    """What git has, and what it would take: everything that is not ignored."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git repository")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


#: Folders that only some machine has; put together here so that this file names none itself.
PLACES = [f"{place}/".encode() for place in ("/" + "work", "/" + "root", str(Path.home()))]


def test_nothing_in_the_repository_names_a_path_of_somebodys_machine() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {line.strip().decode(errors='replace')[:120]}"
        for path in tracked()
        for line in path.read_bytes().splitlines()
        for place in PLACES
        if re.search(rb"(?<![\w.~$}/-])" + re.escape(place), line)
    }

    assert not found


LONGEST = 250
#: Longer files, each with the reason why it is one thing.
LONG = {
    "app/schemas.py": "one table: the wire's shapes",
    "jobs/events.py": "one table: a class per event type",
    "jobs/model.py": "the fold: one function, and what it folds into",
}
#: A test file has the length of what its module promises: a sentence after the other.
LONGEST_TESTS = 400


def test_a_long_file_has_a_reason() -> None:
    suffixes = {".py", ".js", ".css", ".html", ".lua", ".sh"}
    counted = {
        path.relative_to(ROOT): path.read_bytes().count(b"\n")
        for path in tracked()
        if path.suffix in suffixes or path.name == "tailrace"
    }
    most = {path: LONGEST_TESTS if path.parts[0] == "tests" else LONGEST for path in counted}
    long = {str(path) for path, lines in counted.items() if lines > most[path]}

    assert not long - set(LONG), "ask what second thing it does"
    assert not set(LONG) - long, "it is short now: take it from the list"
