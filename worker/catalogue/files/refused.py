"""Why one file of a batch comes to nothing, while the others go on."""


class Refused(Exception):
    """*code* is for programs, *message* for people; *skipped* where nothing is wrong with the file: it is not meant."""

    def __init__(self, code: str, message: str, *, skipped: bool = False) -> None:
        super().__init__(message)
        self.code, self.message, self.skipped = code, message, skipped

    @property
    def state(self) -> str:
        return "skipped" if self.skipped else "failed"
