"""Which tests stay together on one worker: xdist's own groups do nothing with pytest 9.

xdist 3.8 writes the group into ``Item._nodeid``, which pytest 9 does not read any more; so the
groups are read from the source of each file here, where the work is given out.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

MARK = "xdist_group"


class Grouped(LoadScopeScheduling):
    """Tests of a group go to one worker, in their order; each other test is by itself."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        groups = groups_of(Path(self.config.rootpath) / file)
        name = test.partition("[")[0].rpartition("::")[2]
        return groups.get(name) or groups.get("") or nodeid


@cache
def groups_of(file: Path) -> dict[str, str]:
    """Function to its group; '' is for all of the file."""
    found: dict[str, str] = {}
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            _note(found, "", node.value)
        if isinstance(node, ast.FunctionDef):
            for mark in node.decorator_list:
                _note(found, node.name, mark)
    return found


def _note(found: dict[str, str], test: str, mark: ast.expr) -> None:
    for call in ast.walk(mark):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(MARK):
            found[test] = str(ast.literal_eval(call.args[0]))
