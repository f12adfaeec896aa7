"""Pictures of every screen and of what is printed: ``python -m tests.web.screenshots [FOLDER]``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.web.conftest import CHROMIUM, QUIET
from tests.web.screens import PRINTED, Scheme, Screen, screens_of, signed_in
from tests.web.stage import Running, Stage

LOOKS: tuple[tuple[int, Scheme, str], ...] = (
    (1366, "light", "1366"),
    (360, "light", "360"),
    (1366, "dark", "dark"),
    (360, "dark", "dark-360"),
)
"""Width, colours, and how the pictures' names end."""
DOTS_PER_INCH = 80


def main(folder: Path) -> int:
    """Save them as NAME-LOOK.png and NAME-print-PAGE.png; the number of those that failed.

    What fails is told and the others go on: a piece whose world could not be set up as a whole, a
    screen that could not be opened by itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        running = Running(Path(directory))
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*QUIET, "--lang=id"], env={"LANGUAGE": "id"}
        )
        try:
            made = screens_of(running.stage)
            failed += made.failed
            for width, scheme, suffix in LOOKS:
                for page, screen in _each(browser, running.stage, made.pages, width, scheme):
                    with _told(f"{screen.name}-{suffix}", failed):
                        screen.open(page, running.stage.url)
                        page.screenshot(path=folder / f"{screen.name}-{suffix}.png", full_page=True)
            printed = [screen for screen in made.pages if screen.name in PRINTED]
            for page, screen in _each(browser, running.stage, printed, 1366, "light"):
                with _told(f"{screen.name}-print", failed):
                    screen.open(page, running.stage.url)
                    _pages(page.pdf(prefer_css_page_size=True), folder / f"{screen.name}-print")
            for screen in made.papers:
                with _told(screen.name, failed), running.stage.browser(str(screen.who)) as client:
                    answer = client.get(screen.path)
                    assert answer.status_code == 200, f"{screen.path}: {answer.status_code}"
                    _pages(answer.content, folder / screen.name)
        finally:
            browser.close()
            running.end()
    for fault in failed:
        sys.stderr.write(f"no picture: {fault}\n")
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder}\n")
    return len(failed)


def _each(
    browser: Browser, stage: Stage, screens: Sequence[Screen], width: int, scheme: Scheme
) -> Iterator[tuple[Page, Screen]]:
    """Each screen with the page of the one who looks at it."""
    for who in dict.fromkeys(screen.who for screen in screens):
        with signed_in(browser, stage, who, width, scheme) as page:
            yield from ((page, screen) for screen in screens if screen.who == who)


@contextmanager
def _told(name: str, failed: list[str]) -> Iterator[None]:
    """Keep what goes wrong instead of ending."""
    try:
        yield
    except (AssertionError, Error, httpx.HTTPError, subprocess.CalledProcessError) as wrong:
        failed.append(f"{name}: {str(wrong).splitlines()[0] if str(wrong) else 'failed'}")


def _pages(pdf: bytes, path: Path) -> None:
    """Each page of a PDF as a picture beside it."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        dots = str(DOTS_PER_INCH)
        subprocess.run(["pdftoppm", "-png", "-r", dots, file.name, str(path)], check=True)


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")) else 0)
