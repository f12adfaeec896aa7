"""The house rules that a tool can hold: sizes, texts, assets, documents."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment
from pydantic import BaseModel

from provisioner.settings import Settings

ROOT = Path(__file__).parents[1]
PRODUCT = ("provisioner", "api")
MIGRATIONS = ROOT / "provisioner/migrations/versions"
"""Lists of tables and columns in the order of their making; sizes say nothing there."""
LINES_PER_FILE = 400
LINES_PER_FUNCTION = 60
PLACE = re.compile(r"%\((\w+)\)[sd]|%%")


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_no_module_grows_past_400_lines() -> None:
    long = {
        name_of(path): lines
        for path in modules(*PRODUCT, "tests", "bench")
        if path.parent != MIGRATIONS
        and (lines := len(path.read_text().splitlines())) > LINES_PER_FILE
    }
    assert not long


def test_no_function_of_the_product_grows_past_60_lines() -> None:
    long = {
        f"{name_of(path)}:{node.name}": lines
        for path in modules(*PRODUCT)
        if path.parent != MIGRATIONS
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LINES_PER_FUNCTION
    }
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    silent = [name_of(p) for p in modules(*PRODUCT, "tests") if not is_told(p)]
    assert not silent


def is_told(path: Path) -> bool:
    text = path.read_text()
    return not text.strip() or bool(ast.get_docstring(parsed(path)))


def test_nothing_is_called_utils() -> None:
    vague = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert not [name_of(p) for p in modules(*PRODUCT) if p.stem in vague or p.parent.name in vague]


def test_only_the_engine_imports_dbos() -> None:
    """On top of lint-imports: imports inside functions count too."""
    importers = {name_of(p) for p in modules(*PRODUCT) if "dbos" in imported(p)}
    assert importers <= {"provisioner/runs/engine.py"}


def test_the_core_never_sees_http() -> None:
    seen = {name_of(p) for p in modules("provisioner") if imported(p) & {"fastapi", "starlette"}}
    assert not seen


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


# ---------------------------------------------------------------- texts


def texts_of_code() -> Iterator[tuple[str, str]]:
    calls = (
        (path, node)
        for path in modules(*PRODUCT)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    for path, call in calls:
        assert isinstance(call.func, ast.Name)
        if call.func.id not in ("say", "_") or not call.args:
            continue
        first = call.args[0]
        where = f"{name_of(path)}:{call.lineno}"
        assert isinstance(first, ast.Constant), f"{where}: a text has to be a literal"
        yield where, str(first.value)


def templates() -> list[Path]:
    return sorted(p for f in PRODUCT for p in (ROOT / f).rglob("*.html"))


def texts_of_templates() -> Iterator[tuple[str, str]]:
    environment = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
    for path in templates():
        for line, _, text in environment.extract_translations(path.read_text()):  # type: ignore[attr-defined]
            yield f"{name_of(path)}:{line}", text if isinstance(text, str) else text[0]


@cache
def indonesian() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((ROOT / "provisioner/locale/id").glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale="id", abort_invalid=True)
        assert catalogue.num_plurals == 1, f"{path.name}: Indonesian has one form"
        for entry in catalogue:
            if entry.id:
                assert not entry.fuzzy, f"{path.name}: {entry.id!r} is fuzzy"
                found[str(entry.id)] = str(entry.string)
    return found


def places(text: str) -> set[str]:
    return {match for match in PLACE.findall(text) if match}


def test_every_text_is_translated_with_the_same_places() -> None:
    wrong: list[str] = []
    for where, text in [*texts_of_code(), *texts_of_templates()]:
        translation = indonesian().get(text)
        if not translation:
            wrong.append(f"{where}: no Indonesian for {text!r}")
        elif places(translation) != places(text):
            wrong.append(f"{where}: other places in the translation of {text!r}")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_translated_that_nobody_says() -> None:
    said = {text for _, text in [*texts_of_code(), *texts_of_templates()]}
    left_over = sorted(set(indonesian()) - said - said_otherwise())
    assert not left_over, "\n".join(left_over)


def said_otherwise() -> set[str]:
    """Constants that code looks up by variable, such as the names of states."""
    return {
        node.value
        for path in modules(*PRODUCT)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


# ---------------------------------------------------------------- assets and documents


def test_pages_load_nothing_from_elsewhere() -> None:
    remote = re.compile(r"""(?:src|href|action|@import|url\()\s*=?\s*["'(]?\s*(?:https?:)?//""")
    own = (ROOT / "api/static").rglob("*.css"), (ROOT / "api/static").rglob("*.js")
    files = [*templates(), *(p for group in own for p in group if p.parent.name != "vendor")]
    found = [
        f"{name_of(path)}: {line.strip()}"
        for path in files
        for line in path.read_text().splitlines()
        if remote.search(line) and 'rel="external' not in line
    ]
    assert not found


def test_vendored_files_are_what_their_list_says() -> None:
    folder = ROOT / "api/static/vendor"
    listed = (folder / "VENDOR.md").read_text()
    for path in sorted(folder.iterdir()):
        if path.name != "VENDOR.md":
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            assert path.name in listed, f"{path.name} is not in VENDOR.md"
            assert digest in listed, f"{path.name} is not the listed one: {digest}"


def settings_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        inner = nested(field.annotation)
        if inner:
            middle = "NAME." if "dict" in str(field.annotation) else ""
            yield from settings_keys(inner, f"{prefix}{name}.{middle}")
        else:
            yield prefix + name


def nested(annotation: Any) -> type[BaseModel] | None:
    candidates = (annotation, *getattr(annotation, "__args__", ()))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


@pytest.mark.parametrize("key", sorted(settings_keys(Settings)))
def test_every_setting_is_documented(key: str) -> None:
    assert f"`{key}`" in (ROOT / "docs/operations.md").read_text()


def test_no_file_names_a_package_registry_or_a_private_path() -> None:
    forbidden = [
        "pypi" + ".org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian.org",
        "/opt/" + "wheels", "/opt/" + "pypi", "/work/" + "main", "/work/" + "shared",
    ]  # fmt: skip
    found = []
    for path in tracked():
        text = path.read_bytes().decode(errors="replace")
        found += [f"{name_of(path)}: {word}" for word in forbidden if word in text]
    assert not found


def test_the_lock_holds_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    packages = re.findall(r"^[a-z0-9].*==.*$", lock, re.MULTILINE)
    assert packages
    assert all(line.endswith("\\") for line in packages), "a package without a hash"


def tracked() -> list[Path]:
    """Tracked files and new ones that are not ignored; without git, everything but the ignored."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
        names = [name for name in listed.decode().split("\0") if name]
    else:
        names = [
            str(p.relative_to(ROOT)) for f in (*PRODUCT, "docs") for p in (ROOT / f).rglob("*")
        ]
    return [path for name in names if (path := ROOT / name).is_file()]
