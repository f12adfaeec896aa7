"""The lab's shell against a real POSIX shell: words that Hypothesis makes of every kind of part."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.lab.openwrt_ground import AccessPoint, with_access_point

pytestmark = pytest.mark.skipif(shutil.which("dash") is None, reason="no dash here")
_PLAIN = st.text("ab*?.:/=,-", min_size=1, max_size=4)
_NAMES = st.sampled_from(["x", "y", "z", "1", "2", "3", "#", "none"])
_ANY = st.text("ab \\'\"$`*:&;|<>(){}#~!\n", max_size=5)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _double(parts: list[str]) -> str:
    return '"' + "".join(parts) + '"'


_PATTERN = st.text("ab*?:/", max_size=3)
_SIMPLE = st.one_of(
    _NAMES.map(lambda name: "${" + name + "}"),
    st.tuples(
        st.sampled_from(["x", "y", "z", "none"]), st.sampled_from(["#", "##", "%", "%%"]), _PATTERN
    ).map(lambda made: "${" + "".join(made) + "}"),
    st.tuples(
        st.sampled_from(["x", "y", "z", "none", "1"]),
        st.sampled_from([":-", "-", ":+", "+"]),
        _PLAIN,
    ).map(lambda made: "${" + "".join(made) + "}"),
    st.sampled_from(["${#x}", "${#y}", "$((1+2))", "$(echo a b)", "`echo c  d`", "$x$y"]),
)
_IN_QUOTES = st.one_of(
    _PLAIN, _SIMPLE, st.sampled_from(["\\$", "\\\\", '\\"', "\\a", " ", "  ", "'"])
)
_PART = st.one_of(
    _PLAIN, _ANY.map(_quote), _SIMPLE, st.lists(_IN_QUOTES, max_size=4).map(_double),
    st.sampled_from(["\\ ", "\\\\", "\\'", '\\"', "\\*", '""', "''"]),
)  # fmt: skip
_WORD = st.lists(_PART, min_size=1, max_size=4).map("".join)
_VALUE = _ANY.map(_quote)


@settings(max_examples=25, phases=[Phase.generate])
@given(
    st.lists(st.lists(_WORD, min_size=1, max_size=3), min_size=10, max_size=10),
    st.lists(_VALUE, min_size=3, max_size=3),
    st.lists(_VALUE, max_size=3),
    st.sampled_from(["", "IFS=:", "IFS=' :'", "IFS="]),
)
def test_expands_words_as_a_real_shell_does(
    words: list[list[str]], values: list[str], parameters: list[str], separators: str
) -> None:
    """The root directory of both is out of the way: nothing there has such names."""
    x, y, z = values
    program = f"set -f\nx={x} y={y} z={z}\nset -- {' '.join(parameters)}\n{separators}\n"
    for line in words:
        program += f"printf '[%s]' {' '.join(line)}; echo\nv={line[0]}; printf '<%s>\\n' \"$v\"\n"
        program += f"case $x in {line[0]}) echo same;; *) echo other;; esac\n"
    real = subprocess.run(
        ["dash", "-c", program],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=10,
        check=False,
    )

    async def work(access_point: AccessPoint) -> tuple[str, int]:
        out, _, status = await access_point.run("sh -s", program)
        return out, status

    out, status = with_access_point(work)
    expected = real.stdout.decode()
    assert (expected, real.returncode) == (out, status), program
