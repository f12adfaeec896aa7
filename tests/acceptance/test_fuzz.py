"""Random calls made from the published description: refused or answered, never broken."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.acceptance.office import Office

pytestmark = pytest.mark.xdist_group("acceptance")

OTHER: tuple[Any, ...] = (None, True, 7, 1e308, [], {}, "\ud800")


def test_whatever_the_description_allows_is_answered(office: Office) -> None:
    """Seeded random calls made from OpenAPI: never a 500, always JSON or a problem."""
    chance = random.Random(20261122)  # noqa: S311 - the same calls every time
    described = office.get("/openapi.json")
    calls = [
        (method, path, call)
        for path, methods in described["paths"].items()
        for method, call in methods.items()
        if path.startswith("/api/v1/")
    ]
    for _ in range(250):
        method, path, call = chance.choice(calls)
        for parameter in call.get("parameters", []):
            if parameter["in"] == "path":
                value = chance.choice(["VPS-2026-0001", odd_text(chance), "0", "%"])
                path = path.replace(f"{{{parameter['name']}}}", quoted(value))
        query = {
            p["name"]: odd_text(chance)
            for p in call.get("parameters", [])
            if p["in"] == "query" and chance.random() < 0.5
        }
        body = odd_value(chance, body_schema(call), described, 0)
        answer = office[chance.choice(["tono", "arif", "sari"])].request(
            method.upper(), path.removeprefix("/api/v1"), params=query or None,
            content=json.dumps(body), headers={"Content-Type": "application/json"},
        )  # fmt: skip
        assert answer.status_code < 500, f"{method} {path} {query} {body}: {answer.text}"


def body_schema(call: dict[str, Any]) -> dict[str, Any]:
    content = call.get("requestBody", {}).get("content", {})
    return dict(content.get("application/json", {}).get("schema", {}))


def odd_text(chance: random.Random) -> str:
    letters = ["a", "0", "-", "%", "'", '"', "\\", "/", "\x00", "\n", "\u202e", "é", "$(", "{"]
    return "".join(chance.choices(letters, k=chance.randrange(1, 12)))


def quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def odd_value(
    chance: random.Random, schema: dict[str, Any], whole: dict[str, Any], depth: int
) -> Any:
    """Mostly what the schema says, now and then something else."""
    if chance.random() < 0.15 or depth > 6:
        return chance.choice([*OTHER, odd_text(chance), -1, 10**30])
    if reference := schema.get("$ref"):
        named = whole["components"]["schemas"][reference.rpartition("/")[2]]
        return odd_value(chance, named, whole, depth + 1)
    if choices := schema.get("anyOf") or schema.get("enum"):
        picked = chance.choice(choices)
        return odd_value(chance, picked, whole, depth + 1) if isinstance(picked, dict) else picked
    if schema.get("type") == "object":
        return {
            name: odd_value(chance, inner, whole, depth + 1)
            for name, inner in schema.get("properties", {}).items()
            if chance.random() < 0.9
        }
    if schema.get("type") == "array":
        return [odd_value(chance, schema.get("items", {}), whole, depth + 1) for _ in range(2)]
    if schema.get("type") in {"integer", "number"}:
        return chance.choice([0, -1, 2**31, 2**63, 10**30])
    return odd_text(chance)
