"""What a RouterOS console sends, in all its disguises, and what is taken from it."""

from __future__ import annotations

import pytest

from provisioner.drivers.network import Host
from provisioner.drivers.routeros.session import SUFFIX, Session
from provisioner.drivers.sessions.access import Login
from provisioner.drivers.sessions.terminal import RejectedError, SessionEndedError
from provisioner.errors import ActionNeeded

PROMPT = "[anna@rt-1] > "
LOG = "17:20:06 echo: system,error,critical login failure for user admin from 10.0.0.9 via ssh\r\n"
COLOURED = "\x1b[m\x1b[32m[\x1b[m\x1b[36manna\x1b[m@\x1b[1mrt-1\x1b[m] > \x1b[K"


class Console:
    """Answers each typed line with the pieces given; ``{line}`` is what was typed."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.pieces: list[str] = []

    def write_channel(self, text: str) -> None:
        line = text.rstrip("\r\n")
        answer = self.answers.pop(0) if self.answers else []
        self.pieces += [piece.replace("{line}", line) for piece in answer]

    def wait(self, seconds: float) -> str:
        if not self.pieces:
            raise TimeoutError
        return self.pieces.pop(0)


def session(*answers: list[str], greeting: str = PROMPT) -> Session:
    host = Host("rt-1", "mikrotik_routeros", frozenset(), "127.0.0.1", 22, "anna")
    made = Session(Login(host, (), None), 1, 1)
    console = Console(*answers)
    console.pieces.append(greeting)
    made.channel = made._waiting = console  # type: ignore[assignment]
    made.session_preparation()
    return made


@pytest.mark.parametrize(
    "pieces",
    [
        ["{line}\r\n", "  name: rt-1\r\nok-1\r\n" + PROMPT],
        ["{line}\r\n  name: r", "t-1\r\nok-1\r\n", PROMPT],
        ["\r" + PROMPT + "{line}\r\r" + PROMPT + "{line}\r\n\r  name: rt-1\r\r\nok-1\r\n" + PROMPT],
        [COLOURED + "{line}\x1b[K\r\n\x1b[9m  name: rt-1\x1b[m\r\nok-1\r\n\x1b[", "m" + COLOURED],
        ["{line}\r\n" + LOG + "  name: rt-1\r\n" + LOG + "ok-1\r\n" + LOG + PROMPT],
        ["{line}\r\n  name: rt-1\r\nok-1\r\n" + PROMPT + "\r\n" + PROMPT],
        ["{line}\r\n  name: rt-1\r\nok-1\r\n[anna@rt-1] <SAFE> > "],
        ["{line}\r\n  name: rt-1\r\nok-1\r\n[anna@rt-1] /ip/address> "],
        ["{line}\r\n  name: rt-1\r\nok-1\r\n[anna@rt-1] /ip address<SAFE> > "],
        ["{line}\r\n  name: rt-1\r\nok-1\r\n[anna@" + "x" * 60 + "] > "],
    ],
)
def test_an_answer_in_every_disguise(pieces: list[str]) -> None:
    assert session(pieces).ask("/system identity print").strip() == "name: rt-1"


def test_pitfall_the_echo_of_the_proof_is_no_proof() -> None:
    """A prompt alone, or the line shown once more, does not say that anything was done."""
    with pytest.raises(RejectedError) as error:
        session([PROMPT + "{line}\r\n", "failure: no\r\n" + PROMPT]).tell("/x add")
    assert error.value.reason == "failure: no"
    with pytest.raises(RejectedError):
        session(["{line}\r\n" + PROMPT]).tell("/x add")


def test_a_refusal_that_comes_late_behind_a_prompt_is_waited_for() -> None:
    with pytest.raises(SessionEndedError):
        session([PROMPT]).ask("/x")
    with pytest.raises(SessionEndedError):
        session([PROMPT + "{line}"]).ask("/x")


def test_pages_are_asked_to_come_whole() -> None:
    pieces = ["{line}\r\n 0 name=a\r\n-- [Q quit|D dump|down]", "\r 1 name=b\r\nok-1\r\n" + PROMPT]
    assert session(pieces).ask("/x print").split() == ["0", "name=a", "1", "name=b"]


@pytest.mark.parametrize(
    "greeting",
    [
        "new password> ",
        "Do you want to see the software license? [Y/n]: ",
        'Remove default configuration?\r\n type "r" to remove it, or hit any other key\r\n',
        'You have 23h10m to configure the router.\r\nPlease press "Enter" to continue!',
    ],
)
def test_pitfall_first_screens_are_findings(greeting: str) -> None:
    with pytest.raises(ActionNeeded):
        session(greeting=greeting)


def test_a_full_device_says_so() -> None:
    with pytest.raises(SessionEndedError, match="taken"):
        session(greeting="too many sessions, try again later\r\n")


def test_the_suffix_is_ours() -> None:
    assert session().username == f"anna{SUFFIX}"
