"""The ways in which a shell, a function or a loop ends before its text does."""


class ShellError(Exception):
    """Ends a shell that is not interactive, after the message."""

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


class ExitShell(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


class ReturnFrom(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


class LeaveLoop(Exception):
    """``break`` and ``continue``."""

    def __init__(self, levels: int, again: bool) -> None:
        self.levels = levels
        self.again = again
