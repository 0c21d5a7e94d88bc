"""Routers made of routers, served by a gateway while the registry is edited."""

import asyncio

import pytest

from orchestrator.compositions.base import Query
from orchestrator.engines.base import Chat, Message, TextPart
from tests.unit.compositions.test_following import Replica

EXPERTS = [{"id": name} for name in ("sums", "words", "code", "general")]
AUTO = {"auto": {"kind": "route", "router": "watched"}}
PLAIN = {"rules": [{"when": {"has_tools": True}, "expert": "general"}]}


def routers(*, digits="sums", rest="words"):
    """A shadow of rules of languages of a split of rules: five levels."""
    return {
        "watched": {"kind": "shadow", "router": "gate", "shadows": ["inner"]},
        "gate": {
            "kind": "rules",
            "rules": [{"name": "code", "when": {"matches": "def "}, "expert": "code"}],
            "otherwise": {"router": "tongue"},
        },
        "tongue": {
            "kind": "language",
            "experts": {"ja": "general"},
            "otherwise": {"router": "trial"},
        },
        "trial": {"kind": "split", "shares": {"inner": 1, "other": 1}},
        "inner": {
            "kind": "rules",
            "rules": [{"name": "digits", "when": {"matches": "[0-9]"}, "expert": digits}],
            "otherwise": {"expert": rest},
        },
        "other": {"kind": "rules", **PLAIN, "otherwise": {"router": "inner"}},
    }


@pytest.fixture
async def replica():
    made = Replica()
    yield made
    await made.following.close()


async def go_live(replica, **changes):
    return await replica.go_live(*EXPERTS, routers=routers(**changes), compositions=AUTO)


async def decided(programs, text, *, user="somebody"):
    turn = Message(role="user", content=(TextPart(text=text),))
    query = Query(id="r1", model="auto", prompt=Chat(messages=(turn,)), user=user)
    return await programs.decide(query)


async def test_every_level_decides_what_is_its_to_decide(replica):
    await go_live(replica)
    texts = ["def f(x)", "日本の首都はどこですか", "2 + 3", "good morning"]

    found = [await decided(replica.following.live, text) for text in texts]

    assert [one.expert for one in found] == ["code", "general", "sums", "words"]
    assert all(one.route.compared.keys() == {"inner"} for one in found)
    assert [one.route.chosen_by for one in found[:2]] == ["gate", "gate/tongue"]
    assert {one.route.chosen_by for one in found[2:]} <= {
        "gate/tongue/trial/inner",
        "gate/tongue/trial/other/inner",
    }


async def test_an_edit_of_the_innermost_changes_what_is_decided_and_the_version(replica):
    await go_live(replica)
    old = replica.following.live
    before = await decided(old, "2 + 3")

    await go_live(replica, digits="general")

    after = await decided(replica.following.live, "2 + 3")
    pinned = await decided(old, "2 + 3")
    assert (before.expert, pinned.expert, after.expert) == ("sums", "sums", "general")
    assert before.router_version == pinned.router_version != after.router_version


async def test_a_router_taken_out_of_the_middle_is_gone_with_the_edit(replica):
    await go_live(replica)
    short = {**routers(), "gate": {**routers()["gate"], "otherwise": {"router": "inner"}}}

    await replica.go_live(*EXPERTS, routers=short, compositions=AUTO)

    found = await decided(replica.following.live, "日本の首都はどこですか")
    assert (found.expert, found.route.chosen_by) == ("words", "gate/inner")


async def test_each_decision_is_of_one_generation_while_edits_come_and_go(replica):
    await go_live(replica)
    expected = {}

    async def edits():
        for number in range(6):
            digits = ("sums", "code", "general")[number % 3]
            expected[await go_live(replica, digits=digits)] = digits
            await asyncio.sleep(0)

    async def asks():
        found = []
        while not editing.done():
            found.append(await decided(replica.following.live, "2 + 3"))
            await asyncio.sleep(0)
        return found

    expected[replica.following.live_number] = "sums"
    editing = asyncio.create_task(edits())
    found = await asks()
    await editing

    assert {one.generation for one in found} & set(expected)
    assert all(one.expert == expected[one.generation] for one in found)
