"""Mutation testing itself: which changes it makes, and that its list is of the code as it is."""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from scripts import solidity_mutants, solidity_mutation
from scripts.compile_contracts import fetch_packages
from scripts.mutants import ROOMS, ROOT, Located, Room, room_named
from scripts.mutation import mutants_of
from tests.processes import run

NAMES = sorted(tomllib.loads(ROOMS.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("return a <= b", {"a <= b -> a < b", "return a <= b -> return None"}),
        ("x = items[place]", {"items[place] -> items[0]"}),
        ("x = min(a, b)", {"min(a, b) -> max(a, b)"}),
        ("send(a)", {"send(a) -> pass"}),
        ("self.x = a", {"self.x = a -> pass"}),
        ("raise Refused", {"raise Refused -> pass"}),
        ("x = not a", {"not a -> a"}),
        ("x = a + 1", {"a + 1 -> a - 1", "1 -> 2"}),
        ("if a: pass", {"if a: -> if False:", "if a: -> if True:"}),
        ("while a: break", {"while a: -> while False:", "break -> continue", "break -> pass"}),
        ('x: int = f"{a + 1}"', set()),
        ('"""Says something."""', set()),
    ],
)
def test_mutants__should_change_one_thing_each(line: str, changed: set[str]) -> None:
    found = {mutant.name for mutant in mutants_of(f"def f(self, a, b):\n    {line}\n")}
    assert found == {f"f: {each}" for each in changed}


def test_mutant__should_run_with_its_change_and_leave_the_rest() -> None:
    source = "LIMIT = 3\ndef over(n):\n    return n > LIMIT\n"
    (mutant,) = [m for m in mutants_of(source) if m.name == "over: n > LIMIT -> n >= LIMIT"]
    space: dict[str, object] = {}
    exec(compile(mutant.tree, "mutant", "exec"), space)
    over = space["over"]
    assert callable(over)
    assert (over(2), over(3), over(4)) == (False, True, True)


def test_preloading__should_leave_to_the_forks_what_may_see_the_change(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from scripts.mutants import preload, room_named;"
        "preload(room_named('stages'), Path(sys.argv[1])); print(*sys.modules)"
    )
    loaded = set(run([sys.executable, "-c", code, tmp_path], cwd=ROOT).stdout.split())
    assert {"hypothesis", "relayer.news"} <= loaded
    assert not loaded & {"relayer.stages", "relayer.destinations", "tests.relayer.test_stages"}


def test_row__should_excuse_one_mutant_on_its_line_and_no_other_of_that_name() -> None:
    source = "def f(a, b):\n    if a > 0: return\n    return g(b, 0, 0)\n"
    first, *others = [Located("m", m) for m in mutants_of(source) if m.name == "f: 0 -> 1"]
    room = Room(("m",), (), Counter({("f: 0 -> 1", "if a > 0: return"): 1}))
    assert room.unlisted([first]) == []
    assert room.unlisted([first, *others]) == others
    room.survivors[others[0].key] = 1
    assert room.unlisted([first, others[0]]) == []
    assert room.unlisted([first, *others]) == others


@pytest.mark.parametrize("name", NAMES)
def test_room__should_name_tests_and_survivors_that_exist(name: str) -> None:
    room = room_named(name)
    missing = [test for test in room.tests if not (ROOT / test).exists()]
    assert (missing, room.gone()) == ([], [])


def test_row__should_excuse_one_mutant_of_a_contract_too() -> None:
    source, zero = b"x = 0;\ny = 0;\n", {"nodeType": "Literal", "kind": "number"}
    tree = [{**zero, "src": "4:1:0"}, {**zero, "src": "11:1:0"}]
    first, second = solidity_mutation.mutants_of(source, {"nodes": tree})
    assert (first.key, second.key) == ((": 0 -> 1", "x = 0;"), (": 0 -> 1", "y = 0;"))
    assert second.source == b"x = 0;\ny = 1;\n"
    target = solidity_mutants.Target("X", "src/X.sol", ("X",), "", Counter([first.key]))
    assert target.unlisted([first, second]) == [second]
    assert target.gone([second]) == [first.key]


def test_mutant_of_a_contract__should_be_linked_as_forge_knows_its_libraries() -> None:
    """Also a contract of the tests, which forge's own code does not link."""
    here, there = "m3/src/libraries/Lib.sol", "contracts/src/libraries/Lib.sol"
    mark = solidity_mutants.library_mark
    code = {"object": "60" + mark(f"{here}:Lib"), "linkReferences": {here: {"Lib": []}}}
    assert solidity_mutants.linkable(code) == {
        "object": "0x60" + mark(f"{there}:Lib"),
        "linkReferences": {there: {"Lib": []}},
    }


def test_list_of_contracts__should_name_survivors_that_exist() -> None:
    fetch_packages()
    for target in solidity_mutants.targets([]):
        if target.survivors:
            assert target.gone(solidity_mutants.mutants(target)) == [], target.name
