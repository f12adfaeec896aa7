"""`provisioner serve` as a child process that is started again whenever it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from provisioner.commands.output import complain, tell
from provisioner.errors import Mistake
from provisioner.settings import CONFIG_VARIABLE
from provisioner.texts import say

_PATIENCE_SECONDS = 60.0
_GRACE_SECONDS = 20.0


class Supervised:
    """A console of its own; ``answers`` tells whether it is this one that answers."""

    def __init__(self, config: Path, answers: Callable[[], bool]) -> None:
        self._config, self._answers = config, answers
        self._log = config.parent / "serve.log"
        self._ending = threading.Event()
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    @property
    def pid(self) -> int:
        """The process that serves now."""
        return self._process.pid

    def start(self) -> None:
        """Return once it answers; from then on it is kept alive. Raises Mistake with its log."""
        self._wait_until_it_answers()
        self._keeper.start()

    def stop(self) -> None:
        """End it for good."""
        self._ending.set()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._keeper.is_alive():
            self._keeper.join()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "provisioner", "serve"],
                env={**os.environ, CONFIG_VARIABLE: str(self._config)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C is for the one who started it, who then ends it
            )

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (self._process.poll() is None and self._answers()):
            if self._ending.is_set():
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                last = self._log.read_text(errors="replace").strip().splitlines()[-5:]
                raise Mistake(
                    say("The console did not start: %(why)s", why="\n".join(last) or str(self._log))
                )
            time.sleep(0.1)

    def _keep(self) -> None:
        while True:
            self._process.wait()
            if self._ending.is_set():
                return
            tell(say("The console was killed and starts again; the run goes on where it stood."))
            self._process = self._start()
            if self._ending.is_set():  # it was asked to end just before this one began
                self._process.terminate()
                continue
            try:
                self._wait_until_it_answers()
            except Mistake as mistake:
                status = self._process.poll()
                if status is None or status >= 0:  # it failed by itself; killed, it starts again
                    complain(mistake.what)
                    return
                continue
            if not self._ending.is_set():
                tell(say("It answers again, now as process %(pid)s.", pid=self._process.pid))
