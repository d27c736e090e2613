"""The executable: makes its .venv once, whatever happened before, and runs from anywhere."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Making a virtual environment takes a few seconds, many more on a busy machine.
UNIT_SECONDS = 100
#: Says how it was started, in place of the real command line.
STUB = "import json, os, sys\nprint(json.dumps({'argv': sys.argv[1:], 'path': sys.path, 'cwd': os.getcwd()}))\n"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with nothing to install and a command line that only says how it was started.

    One for all tests here, in their order: a virtual environment takes seconds to make.
    """
    root = tmp_path_factory.mktemp("executable") / "repo"
    (root / "cli").mkdir(parents=True)
    (root / "cli" / "__init__.py").touch()
    (root / "cli" / "__main__.py").write_text(STUB, encoding="utf-8")
    shutil.copy(ROOT / "tailrace", root)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (root / name).write_text("# nothing\n", encoding="utf-8")
    return root


def environ(**more: str) -> dict[str, str]:
    """Without uv and without what leads pip elsewhere, so that every machine takes the same way."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    folders = [f for f in own["PATH"].split(os.pathsep) if not (Path(f) / "uv").exists()]
    return {**own, "PATH": os.pathsep.join([str(Path(sys.executable).parent), *folders]), **more}


def start(tree: Path, *words: str, cwd: Path | None = None, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(tree / "tailrace"), *words],
        cwd=cwd or tree,
        env=environ(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> dict[str, list[str]]:
    out, err = process.communicate(timeout=UNIT_SECONDS)
    assert process.returncode == 0, err
    told: dict[str, list[str]] = json.loads(out)
    return told


def test_help_comes_at_once_without_a_virtual_environment() -> None:
    done = subprocess.run([ROOT / "tailrace", "--help"], capture_output=True, text=True, check=True, timeout=20)
    assert "demo" in done.stdout


@pytest.mark.parametrize("words", [("--help",), ("submit", "-h"), ("bench", "transports", "--help"), ("help",), ()])
def test_asking_for_help_makes_nothing(tree: Path, words: tuple[str, ...]) -> None:
    assert said(start(tree, *words))["argv"] in (list(words), ["--help"])
    assert not (tree / ".venv").exists()


def test_two_first_starts_at_once_make_one_and_the_next_start_uses_it(tree: Path) -> None:
    both = [start(tree, "up", "--port", "1"), start(tree, "demo")]
    assert [said(process)["argv"] for process in both] == [["up", "--port", "1"], ["demo"]]
    made = stamp(tree)
    third = start(tree, "up")
    _, errors = third.communicate(timeout=UNIT_SECONDS)
    assert (third.returncode, errors) == (0, "")
    assert stamp(tree) == made


def test_ours_stand_before_the_users_packages_from_any_folder_and_by_a_link(tree: Path, tmp_path: Path) -> None:
    theirs, library = tmp_path / "theirs", tmp_path / "library"
    for folder in (theirs / "cli", library / "app"):
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("raise SystemExit('shadowed')", encoding="utf-8")
    link = tmp_path / "bin" / "tailrace"
    link.parent.mkdir()
    link.symlink_to(tree / "tailrace")
    told = said(start(link.parent, "submit", "x", cwd=theirs, PYTHONPATH="../library"))
    assert told["path"][:3] == [str(tree), str(library), str(theirs)]
    assert told["cwd"] == str(theirs)


def test_changed_requirements_are_installed_and_a_missing_network_is_told(tree: Path) -> None:
    (tree / "requirements.txt").write_text("a-package-that-is-not-there==1\n", encoding="utf-8")
    away = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    process = start(tree, "up", **away, PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL="")
    _, errors = process.communicate(timeout=UNIT_SECONDS)
    assert process.returncode == 1
    assert "Updating .venv" in errors
    assert "package index does not answer" in errors
    assert "Traceback" not in errors


def test_one_that_was_left_unfinished_is_made_anew(tree: Path) -> None:
    (tree / "requirements.txt").write_text("# nothing again\n", encoding="utf-8")
    (tree / ".venv" / "half").touch()
    assert said(start(tree, "up"))["argv"] == ["up"]
    assert not (tree / ".venv" / "half").exists()


def test_a_folder_that_was_moved_gets_a_new_one(tree: Path) -> None:
    moved = tree.rename(tree.with_name("moved"))
    said(start(moved, "up"))
    assert json.loads(stamp(moved))["root"] == str(moved)
    assert str(moved) in (moved / ".venv" / "bin" / "pip").read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ("sys.version_info = (3, 9, 2)", "needs Python 3.11 or newer; this is 3.9."),
        ("import shutil; os.name = 'nt'", "On Windows, run it inside WSL"),
        (
            "import importlib.util as u; u.find_spec = lambda _name: None",
            "sudo apt-get install -y python3-venv",
        ),
    ],
)
def test_a_machine_that_cannot_is_told_what_it_lacks(tmp_path: Path, before: str, sentence: str) -> None:
    for name in ("tailrace", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    run = f"runpy.run_path({str(tmp_path / 'tailrace')!r}, run_name='__main__')"
    words = [sys.executable, "-c", f"import os, runpy, sys; {before}; sys.argv = ['tailrace', 'up']; {run}"]
    done = subprocess.run(words, env=environ(PATH=""), capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def stamp(tree: Path) -> str:
    return (tree / ".venv" / ".tailrace.json").read_text(encoding="utf-8")
