"""The page's static files under a path that changes with their content, so that a browser may keep them for good."""

import hashlib
from pathlib import Path

from flask import Blueprint, Response, send_from_directory, url_for

STATIC = Path(__file__).parent / "static"
KEEP = "public, max-age=31536000, immutable"


class Assets:
    """The files of one folder; ``digest`` names their content as it was when the process began."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        whole = hashlib.sha256(b"\0".join(path.read_bytes() for path in files))
        self.digest = whole.hexdigest()[:12]
        self._modules = [path.relative_to(folder).as_posix() for path in files if path.suffix == ".js"]

    def mount(self, pages: Blueprint) -> None:
        """Serves the files on *pages* and gives its templates ``asset(name)`` and ``modules()``."""
        pages.add_url_rule("/assets/<digest>/<path:name>", "asset", self.serve)
        pages.app_context_processor(lambda: {"asset": self.url, "modules": self.modules})

    def url(self, name: str) -> str:
        return url_for("pages.asset", digest=self.digest, name=name)

    def modules(self) -> list[str]:
        """Every module's address but the ones that other pages run by themselves, to be fetched in one go."""
        return [self.url(name) for name in self._modules if not name.startswith("alone/")]

    def serve(self, digest: str, name: str) -> Response:
        """The file; another version's address gets this version's file, but only for now (a rolling deploy)."""
        response = send_from_directory(self._folder, name)
        response.headers["Cache-Control"] = KEEP if digest == self.digest else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
