"""A letter that unpacks to gigabytes: refused by the worker, whose memory is limited."""

import subprocess
import sys
import zlib

from provisioner.requests.letters import MIB

MEASURED = """
import re, resource, sys
from provisioner.errors import Invalid
from provisioner.requests.letters import examine
try:
    examine(sys.stdin.buffer.read(), "surat.pdf")
except Invalid:
    print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def bomb() -> bytes:
    """A quarter of a megabyte that becomes eight gigabytes."""
    size = 8192 * MIB
    deflate = zlib.compressobj(9, wbits=-15)
    block = deflate.compress(bytes(MIB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    checksum = ((size % 65521) << 16 | 1).to_bytes(4, "big")
    zeros = zlib.compress(b"\x78\xda" + block * (size // MIB) + b"\x03\x00" + checksum)
    objects = (
        b"1 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter [/FlateDecode /FlateDecode] /Length %d >>"
        b"\nstream\n%s\nendstream\nendobj\n" % (len(zeros), zeros)
    )
    head = b"%PDF-1.5\n"
    rows = b"".join(
        bytes([kind]) + place.to_bytes(4, "big") + index.to_bytes(2, "big")
        for kind, place, index in ((0, 0, 0), (1, len(head), 0), (2, 1, 0), (1, 0, 0))
    )
    at = len(head + objects)
    table = (
        b"3 0 obj\n<< /Type /XRef /Size 4 /W [1 4 2] /Root 2 0 R /Length %d >>\nstream\n%s"
        b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (len(rows), rows, at)
    )
    return head + objects + table


def test_a_bomb_costs_memory_only_in_the_worker() -> None:
    data = bomb()
    assert len(data) < MIB // 4
    # A child's figure counts what its parent held when it was born: a small parent is needed.
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], input=data, capture_output=True, check=True
    )
    reader, worker = (int(kib) for kib in done.stdout.split())
    assert reader < 256 * 1024
    assert worker <= 1024 * 1024
