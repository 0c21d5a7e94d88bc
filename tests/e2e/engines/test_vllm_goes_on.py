"""An answer that broke off is gone on with token by token, whatever its text would be read as."""

import pytest

from orchestrator.engines.base import Call, Chat, Message, Sampling, TextPart

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]

NUM_TOKENS = 48
TURN = Message(role="user", content=(TextPart(text="hello"),))


async def told(host, **asked):
    """What a stream of it tells: its chunks."""
    prompt = Chat(messages=(TURN,))
    call = Call(id="c", expert="first", generation=1, prompt=prompt, **asked)
    return [chunk async for chunk in host.generate(call)]


def greedy(max_tokens: int) -> Sampling:
    return Sampling(temperature=0.0, max_tokens=max_tokens)


async def test_what_follows_the_tokens_that_were_told_is_what_followed_them_at_first(resident):
    host = await resident("first")
    whole = [
        delta for chunk in await told(host, sampling=greedy(NUM_TOKENS)) for delta in chunk.deltas
    ]
    places = [place for place, delta in enumerate(whole) if delta.token_ids]
    assert len(places) > 8

    for place in places[:: max(len(places) // 4, 1)]:
        before = whole[: place + 1]
        begun = tuple(one for delta in before for one in delta.token_ids)
        rest = await told(host, begun=begun, sampling=greedy(NUM_TOKENS - len(begun)))

        text = "".join(delta.text for chunk in rest for delta in chunk.deltas)
        assert text == "".join(delta.text for delta in whole[place + 1 :])
        assert rest[-1].usage.completion_tokens == NUM_TOKENS - len(begun)


async def test_the_text_alone_would_be_read_as_other_tokens(resident, models):
    host = await resident("first")
    deltas = [
        delta for chunk in await told(host, sampling=greedy(NUM_TOKENS)) for delta in chunk.deltas
    ]
    begun = [one for delta in deltas for one in delta.token_ids]
    said = "".join(delta.text for delta in deltas if delta.token_ids)
    turn = Message(role="assistant", content=(TextPart(text=said),))
    chat = Chat(messages=(TURN, turn), continues=True)
    call = Call(id="c", expert="first", generation=1, prompt=chat, sampling=greedy(1))

    by_text = [chunk async for chunk in host.generate(call)][-1].usage.prompt_tokens
    by_ids = (await told(host, begun=tuple(begun), sampling=greedy(1)))[-1].usage.prompt_tokens

    assert by_text != by_ids
