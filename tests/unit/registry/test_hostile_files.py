"""Files made to be slow or large: told in bounded time and memory, whatever they hold."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.registry.composer import MAX_CHARS, MAX_VALUES
from orchestrator.registry.contents import MAX_BYTES
from orchestrator.registry.document import decode
from orchestrator.registry.faults import MAX_FAULTS
from orchestrator.registry.loader import check_document
from orchestrator.registry.surroundings import Surroundings

NOWHERE = Surroundings(folder=Path("/nowhere"))


def repeated(unit, *, head="", tail="", num=10**9):
    """`unit` as often as fits into the largest file; `{n}` counts."""
    num = min(num, (MAX_BYTES - len(head) - len(tail)) // (len(unit) + 6))
    return (head + "".join(unit.replace("{n}", str(n)) for n in range(num)) + tail).encode()


def laughs(levels, *, of=10):
    lines = [f"a0: &a0 [{', '.join('x' * of)}]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * of)}]" for n in range(1, levels)]
    return "\n".join(lines).encode()


EXPERTS = "experts: [" + "{id: a, engine: {kind: fake}}, " * 9000 + "]\n"
TOO_MANY = f"more than {MAX_VALUES:,} values, aliases included"
#: id -> (content, what its first fault says)
TEXTS = {
    "billion laughs": (laughs(30), TOO_MANY),
    "laughs too deep": (laughs(40, of=1), "nested deeper than 32 levels, aliases included"),
    "quadratic": (b"a: &x " + b"x" * 10**6 + b"\nb: [" + b"*x," * 10**5 + b"]",
                  f"more than {MAX_CHARS:,} characters, aliases included"),
    "aliased experts": (repeated("*x,", head="x: &x {id: a}\nexperts: [", tail="]"), TOO_MANY),
    "anchors": (repeated("a{n}: &a{n} 1\n"), "more than 10,000 anchors"),
    "lists": (repeated("[],", head="a: [", tail="]"), TOO_MANY),
    "keys": (repeated("k{n}: v\n"), TOO_MANY),
    "one key": (repeated("a: 1\n"), "key given twice"),
    "brackets": (repeated("["), "nested deeper than 32 levels"),
    "braces": (repeated("{"), "a key must be text"),
    "question marks": (repeated("? "), "a key must be text"),
    "stars": (repeated("*a "), "no anchor"),
    "directives": (repeated("%TAG !a{n}! x\n"), "more than 16 directives"),
    "documents": (repeated("---\n"), "a second document starts here"),
    "spaces": (repeated(" "), "the file is empty"),
    "comments": (repeated("# x\n"), "the file is empty"),
    "a scalar": (repeated("x"), "should be a mapping"),
    "a key": (repeated("x", tail=": 1"), "not valid YAML"),
    "escapes": (repeated("\\x41", head='experts: "', tail='"'), "should be a list"),
    "digits": (repeated("9", head="experts: "), "more than 64 bits"),
    "a tag": (repeated("x", head="!<", tail="> a"), "is not allowed here"),
    "an id": (repeated("x", head="experts: [{id: ", tail="}]"), "is not a name"),
}  # fmt: skip
#: Files just small enough to be read whole, and wrong all over.
FAULTY = {
    "unknown keys": repeated("  - {a: 1}\n", head="experts:\n", num=MAX_VALUES // 2 - 9),
    "no such expert": repeated("  r{n}: {kind: category, artifact: x, fallback: b{n}}\n",
                               head=EXPERTS + "routers:\n", num=15_000),
}  # fmt: skip


#: Of a processor that others use as well; alone each takes half a second at most.
LONGEST_S = 2.0


@pytest.mark.parametrize(("content", "expected"), TEXTS.values(), ids=TEXTS)
def test_a_file_made_to_explode_is_refused_in_time(content, expected):
    started_s = time.process_time()
    checked = check_document(decode(content, file="f"), NOWHERE)
    took_s = time.process_time() - started_s

    assert expected in checked.faults[0].reason
    assert len(str(checked.faults[0])) < 300
    assert took_s < LONGEST_S


@pytest.mark.parametrize("content", FAULTY.values(), ids=FAULTY)
def test_a_file_wrong_all_over_is_told_of_its_first_faults(content):
    started_s = time.process_time()
    checked = check_document(decode(content, file="f"), NOWHERE)
    took_s = time.process_time() - started_s

    assert len(checked.faults) == MAX_FAULTS
    assert checked.faults[-1].reason.startswith("no more than 100 faults are told at once")
    assert took_s < 2 * LONGEST_S


MEASURE = """
import resource
from tests.unit.registry.test_hostile_files import FAULTY, NOWHERE, TEXTS, check_document, decode
contents = [TEXTS[name][0] for name in ("lists", "keys", "quadratic", "a scalar")]
contents += FAULTY.values()
def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before_mib = peak_mib()
for content in contents:
    check_document(decode(content, file="f"), NOWHERE)
print(peak_mib() - before_mib)
"""


def test_no_such_file_takes_200_mb():
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip

    assert int(done.stdout) < 200
