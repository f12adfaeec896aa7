"""The lab's shell against a real POSIX shell: harmless snippets, the same output and status."""

# ruff: noqa: E501, W291 - shell snippets, one a line
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lab.openwrt_ground import AccessPoint, with_access_point

QUOTING = r"""
echo "a'b" 'c"d' e\ f "g\h\$i\`j\"k\\"
echo 'it'\''s' "" '' x""y
printf '[%s]\n' a "b c" 'd  e' f\\g "" end
x='a  b'; printf '[%s]' $x "$x" '$x'; echo
x="tab	end"; echo $x; echo "$x"
HOME=/h; echo ~ ~/x "~"
echo $ "$" '$' $% a$
echo a#b #comment
echo `echo one \`echo two\``
echo "`echo "q r"`" "$(echo "s  t")"
echo "$(printf 'a\n\nb\n\n\n')"x
printf '%s|' "$(echo ')')" "$(case x in x) echo in;; esac)"; echo
x=1 y=2; echo $x$y ${x}3 "${y}z"
x='*'; cd /; echo "$x" '*' \*
printf '%s %d %5s|%-5s|%05d %x %o %c %%\n' s 7 ab cd 42 255 8 xyz
printf '%s-%s\n' a b c
printf 'a\tb\n\101\n'
printf '%b' 'x\ty\n'
"""
EXPANSION = r"""
echo ${x:-default} ${x-unset} "${x:-a  b}" ${x:=set} $x ${x:+alt} ${y:+none}.
x=; echo "${x:-empty}" "${x-stays}" "${x:+no}" "${x+yes}"
x=/etc/config/wireless; echo ${x##*/} ${x#*/} ${x%/*} ${x%%/*}. ${#x}
x=a.b.c; echo ${x#*.} ${x##*.} ${x%.*} ${x%%.*}
x='a*b*c'; echo "${x#a\*}" "${x#'a*'}" "${x%%'*'*}"
p='a*'; x='a*b'; echo "${x#"$p"}" "${x#$p}"
set -- one "two three" ''; echo $# "$1" "$2" "[$3]"; for i in "$@"; do echo "<$i>"; done
set -- one "two three" ''; for i in $@; do echo "<$i>"; done; for i in "$*"; do echo "<$i>"; done
set --; for i in "$@"; do echo never; done; echo "$#" "a$@b"
set -- a b; IFS=:; echo "$*"; unset IFS; echo "$*"
IFS=:; x=a::b:; for i in $x; do echo "<$i>"; done
IFS=' :'; x=' a : b  c:'; for i in $x; do echo "<$i>"; done
set -- 1 2 3 4 5 6 7 8 9 ten; echo $10 ${10}; shift 3; echo $1 $#
x='a b'; y=$x; echo "$y"; z=$(echo "$x  c"); echo "$z"
unset nope; echo "[${nope}]" "[$nope]"
x=abc; echo "${x:+"$x d"}" ${x:+'q  r'}
echo "${x:-"in  ner"}" ${x:-$(echo a b)}
x='$(echo no)'; echo $x "$x"
echo $((1+2*3)) $(( (1+2)*3 )) $((7/2)) $((-7/2)) $((7%3)) $((1<<4)) $((0x1f)) $((010))
x=5; echo $((x+1)) $(($x*2)) $((x>3 && x<9)) $((x==5?1:0)) $((!x)) $((x+=2)) $x
echo $((1 || 0)) $((3 & 6)) $((3 ^ 6)) $((~0)) $((- -3))
echo "$(( $(echo 4) + 1 ))"
x='1 2'; set -- $x; echo $#
x=y; eval "$x=3"; echo $y; eval 'echo "$x" \$y'
"""
CONTROL = r"""
true && echo a || echo b; false && echo a || echo b; ! true; echo $?; ! false; echo $?
if false; then echo 1; elif true; then echo 2; else echo 3; fi
if true; then :; fi; echo $?; if false; then :; fi; echo $?
for i in a b c; do [ $i = b ] && continue; echo $i; done
for i in 1 2 3; do for j in 1 2; do [ $j = 2 ] && continue 2; [ $i = 3 ] && break 2; echo $i$j; done; done
i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done; until [ $i -eq 0 ]; do i=$((i-1)); done; echo $i
for i do echo never; done; set -- p q; for i do echo $i; done; for i; do echo $i; done
case abc in a*) echo star;; *) echo other;; esac; case x in y|x) echo or;; esac; case z in a) ;; esac; echo $?
case "a b" in "a b") echo quoted;; esac; case '*' in '*') echo lit;; esac; x='a*'; case ab in "$x") echo no;; $x) echo pat;; esac
case b in [a-c]) echo range;; esac; case d in [!a-c]) echo neg;; esac; case 5 in [[:digit:]]) echo digit;; esac; case ] in []]) echo br;; esac
f() { echo "$1-$#"; return 3; }; f x y; echo $?; f; g() { f "$@"; }; g a 'b c'; echo $?
f() { local x=2; x=3; g; }; g() { echo $x; x=4; }; x=1; f; echo $x
f() ( x=9; exit 4 ); x=1; f; echo $? $x
(echo sub; exit 5); echo $?; { echo group; }; { false; }; echo $?
x=1; (x=2; echo $x); echo $x; echo a | { read v; echo "got $v"; }
echo a b | while read x y; do echo "$y $x"; done
printf 'l1\nl2\nl3' | while read -r l; do echo "<$l>"; done
printf '  a  b c  \n' | { read x y; echo "[$x][$y]"; }
printf 'a:b:c\n' | { IFS=: read x y z; echo "$x|$y|$z"; }
printf 'a\\tb\\\nc\n' | { read x; printf '%s\n' "$x"; }; printf 'a\\tb\n' | { read -r x; printf '%s\n' "$x"; }
printf '  keep \n' | { IFS= read -r x; echo "[$x]"; }
printf 'x' | { read a; echo "$? $a"; }; read a </dev/null; echo $?
echo 1; exit 7; echo 2
false; echo $?; sh -c 'exit 9'; echo $?; (exit 300); echo $?
return_it() { return; }; false; return_it; echo $?
x=$(false); echo $?; x=$(exit 3) y=2; echo $? $y; x=1 ; echo $?
echo a; echo b & wait; echo c
(sleep 0; exit 6) & wait $!; echo $?
true | false; echo $?; false | true; echo $?; ! false | true; echo $?
f() { echo in; }; f | cat; f > /dev/null; f 2>/dev/null
command -v cd; command -v nosuchthing; echo $?
unset x; : ${x:=5}; echo $x; : "${y=}"; echo "[$y]"
a=1; a=2 sh -c 'echo $a'; echo $a; export a; sh -c 'echo $a'
f() { echo $v; }; v=1 f; echo "[$v]"
while true; do break; done; echo $?; while false; do :; done; echo $?
if [ 1 = 1 ] && { [ 2 = 3 ] || [ 4 = 4 ]; }; then echo yes; fi
! [ a = b ] && echo neg
"""
OPTIONS = r"""
set -e; false; echo never
set -e; false || echo handled; if false; then :; fi; ! true; false && true; echo on; (exit 4); echo never
set -e; f() { false; echo reached; }; f || echo no; if f; then echo yes; fi; f; echo never
set -e; x=$(false); echo never
set -e; f() { local x=$(false); echo local; }; f
set -e; true | false; echo never
set -e; false | true; echo on
set -e; while false; do :; done; echo on; for i in 1; do false; done; echo never
set -e; { false; } || echo group; echo $(false; echo inner); echo end
set -u; echo "${x-ok}"; echo $x; echo never
set -u; echo "$@" $#; set --; for i in "$@"; do :; done; echo fine
set -eu; trap 'echo bye $?' EXIT; false
trap 'echo bye $?' EXIT; exit 3
trap 'echo bye' EXIT; echo first; trap - EXIT; echo second
(trap 'echo sub' EXIT; echo in); echo out
trap 'echo outer' EXIT; (echo in); x=$(echo cs); echo $x
trap 'exit 8' EXIT; exit 1
trap '' TERM; kill -TERM $$; echo alive
trap 'echo got' TERM; kill $$; echo after
set -- -x; echo $1; set -f; cd /; echo *; set +f
echo ${x?gone}; echo never
echo ${x:?}; echo never
readonly r=1; echo $r; r=2; echo never
f() { return 2; }; f && echo no || echo "st $?"
set -e; f() { return 1; }; if ! f; then echo neg; fi; f; echo never
exec 3>&1; echo to3 >&3; exec 3>&-; echo x 2>/dev/null >&3 || echo closed
exec >/dev/null; echo hidden
{ echo out; echo err >&2; } 2>&1 | sort
{ echo out; echo err >&2; } 2>/dev/null >/dev/null; echo quiet
{ echo one; echo two; } > f1; cat f1; echo three >> f1; wc -l < f1; cat < f1 > f2; cat f2
echo a > f1; echo b 1>f2; cat f1 f2; rm f1 f2; ls
cat nosuch 2>/dev/null; echo $?; cat < nosuch || echo no
echo x > nodir/f || echo no
mkdir -p d/e; touch d/a d/b.x d/.h; echo d/* d/*.x d/?; echo "d/*" d/z*; ls d
mkdir d; cd d; echo 1 > 'a b'; for i in *; do echo "<$i>"; done; cd ..; [ -d d ] && [ -f 'd/a b' ] && [ ! -e x ] && echo tests
cp /dev/null f; [ -s f ]; echo $?; echo x > f; [ -s f ]; echo $?; mv f g; [ -e f ]; echo $?; ln -s g h; [ -L h ] && cat h
"""
MULTI = r"""
cat <<A; cat <<'B'; cat <<-C
$((1+1)) $(echo two) \$x `echo bq` "q" 'r' \\ a\
b
A
$((1+1)) $(echo two) \$x
B
	tab
	C

x=v; cat <<A | tr a-z A-Z
with $x ${x:-d} ${y:-e}
A

while read -r l; do echo "<$l>"; done <<A
one
two
A

f() { cat <<A
in $1
A
}; f 1; f 2

x=$(cat <<A
deep
A
); echo $x

if true; then cat <<A
inside
A
fi

echo a\
b; echo "line \
joined"; echo 'two
lines'

x=a; case $x in a) x=b; echo 1
;; b) echo 2 ;; esac; echo $x

f()
{
	echo one
	# a comment
	for i in 1 2
	do
		echo "$i"
	done |
		sort -r &&
		echo last
}

f && f

echo first
if true; then
	echo never ran: the line is not complete
"""
TESTS = r"""
[ a ]; echo $?; [ ]; echo $?; [ "" ]; echo $?; [ -n x ] && [ -z "" ]; echo $?
[ 1 -lt 2 ] && [ 2 -ge 2 ] && [ 3 -ne 4 ]; echo $?; [ a != b ]; echo $?; [ ! a = b ]; echo $?
[ -n = -n ]; echo $?; [ "(" = "(" ]; echo $?; [ ! ]; echo $?; [ -f ]; echo $?
[ a = a -a b = b ]; echo $?; [ a = b -o b = b ]; echo $?; [ ! a = a -o x ]; echo $?
[ x -eq 1 ] 2>/dev/null; echo $?; [ 1 -eq 1 2>/dev/null; echo $?
test a = a; echo $?; test -d /; echo $?
"""
PROGRAMS = r"""
printf 'b\na\nc\na\n' | sort; printf 'b\na\nb\n' | sort -u; printf '10\n9\n' | sort -n; printf 'a\na\nb\n' | uniq -c | tr -s ' '
printf 'a:b:c\nx:y\n' | cut -d: -f2; printf 'a:b:c\n' | cut -d : -f 2-; echo abcdef | cut -c2-4; echo nodelim | cut -d: -f2
printf 'one\ntwo\nthree\n' | grep -n t; printf 'a.b\naxb\n' | grep -F a.b; printf 'ab\nabc\n' | grep -x ab; printf 'x\n' | grep -q y; echo $?
printf 'a1\nb2\n' | grep -c '[0-9]'; printf 'a1\nb\n' | grep -v '[0-9]'; printf 'foo\nbar\n' | grep -E '^(foo|baz)$'; echo 'a+b' | grep 'a+b'; echo '*x' | grep '^*x'
printf 'k=v=w\n' | sed 's/=/ /'; echo aaa | sed 's/a/b/g'; echo abc | sed 's/\(a\)\(b\)/\2\1/'; echo a/b | sed 's,/,|,'; echo x | sed 's/x/[&]/;s/y/z/'
printf '1\n2\n3\n4\n' | sed -n '2,3p'; printf '1\n2\n3\n' | sed '2d'; printf 'a\nb\nc\n' | sed -n '/b/p;$p'; printf 'a\nb\nc\n' | sed '/a/,/b/d'; printf 'a\n' | sed -e 's/a/b/' -e 's/b/c/'
printf "it's\n" | sed "s/'/'\\\\''/g"; echo 'a b' | sed 's/[[:space:]]/_/'; echo a.b | sed 's/\./-/'; echo abc | sed -E 's/(a)(b)/\2\1/'
printf '1\n2\n3\n' | head -n 2; printf '1\n2\n3\n' | tail -n 1; printf '1\n2\n3\n' | tail -n +2; printf 'abcdef' | head -c 3; echo
printf 'a b\nc\n' | wc -l | tr -d ' '; printf abc | wc -c | tr -d ' '; echo HeLLo | tr A-Z a-z; echo hello | tr -d l; echo a1b2 | tr -cd '0-9\n'; echo aabb | tr -s ab
printf x | sha256sum | cut -d' ' -f1; printf x | md5sum | cut -c1-32; echo aGFpCg== | base64 -d; printf hai | base64
basename /a/b.c .c; basename /a/b/; dirname /a/b; dirname a; seq 3; printf '1 2\n3\n' | xargs echo x; true | xargs echo
echo a | tee f | cat; cat f; printf 'a\nb\n' > f; sed -i 's/a/z/' f; cat f; touch -c none; ls none 2>/dev/null || echo no
mkdir a a/b; echo x > a/b/c; cp -r a z; cat z/b/c; rmdir a 2>/dev/null; echo $?; rm -r a; ls; rm none 2>/dev/null; echo $?; rm -f none; echo $?
"""
REFUSED = r"""
if true; then fi
for x in a b
while true; do done
echo "unterminated
echo 'unterminated
a() {
(echo a
echo a)
echo a;; b
case x in a) echo
}
do
echo ${x!y}
x = 1
&& echo
echo a | | b
echo a; then
f( { echo a; }
for 1x in a; do :; done
echo first
fi
cat < 
echo $((1+))
echo $((1/0))
"""


ALL = [
    line
    for block in (QUOTING, EXPANSION, CONTROL, OPTIONS, TESTS, PROGRAMS)
    for line in block.strip("\n").split("\n")
] + [text.strip("\n") for text in MULTI.split("\n\n")]

pytestmark = pytest.mark.skipif(shutil.which("dash") is None, reason="no dash here")


def _real(text: str, folder: Path) -> tuple[str, int]:
    done = subprocess.run(
        ["dash", "-c", text],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        timeout=10,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout.decode(), done.returncode


def _ours(snippets: list[str]) -> list[tuple[str, int]]:
    async def work(access_point: AccessPoint) -> list[tuple[str, int]]:
        found = []
        for text in snippets:
            await access_point.run("rm -rf /tmp/here; mkdir /tmp/here")
            quoted = "'" + text.replace("'", "'\\''") + "'"
            out, _, status = await access_point.run(f"cd /tmp/here; sh -c {quoted}")
            found.append((out, status))
        return found

    return with_access_point(work)


def test_prints_and_returns_what_a_real_shell_does(tmp_path: Path) -> None:
    answers = _ours(ALL)
    differing = []
    for number, (text, ours) in enumerate(zip(ALL, answers, strict=True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        real = _real(text, folder)
        if real != ours:
            differing.append(f"{text}\n  real {real}\n  ours {ours}")
    assert not differing, "\n".join(differing)


@pytest.mark.parametrize("text", REFUSED.strip("\n").split("\n"))
def test_refuses_what_a_real_shell_refuses(text: str, tmp_path: Path) -> None:
    out, status = _real(text, tmp_path)
    assert _ours([text]) == [(out, status)]
