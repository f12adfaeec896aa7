"""Pictures of every screen, narrow and wide: ``python -m tests.web.screenshots [FOLDER]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.web.conftest import CHROMIUM, QUIET
from tests.web.screens import Scheme, open_screens
from tests.web.stage import Running


def main(folder: Path) -> None:
    """Save them as NAME-WIDTH.png, and the wide ones once more in the dark."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        running = Running(Path(directory))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            variants: list[tuple[int, Scheme, str]] = [
                (1366, "light", "1366"), (360, "light", "360"), (1366, "dark", "dark"),
            ]  # fmt: skip
            for width, scheme, suffix in variants:
                for name, page in open_screens(browser, running.stage, width, scheme):
                    page.screenshot(path=folder / f"{name}-{suffix}.png", full_page=True)
        finally:
            browser.close()
            running.end()
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
