"""Keys, as OpenAI's own client meets them."""

import httpx
import openai
import pytest

from orchestrator.api.settings import ApiSettings
from tests.keyrings import Keys
from tests.served import Service, running

pytestmark = pytest.mark.integration

ASKED = [{"role": "user", "content": "1+1?"}]


async def test_the_official_client_is_let_in_and_refused_by_its_own_errors():
    keys = Keys()
    _, header = await keys.issue(models=("math", "painter"), exclude=("expert:painter",))
    service = Service(keyring=keys.ring(), settings=ApiSettings(admin="key"))
    async with running(service) as url:
        client = openai.AsyncOpenAI(
            base_url=f"{url}/v1", api_key=header.removeprefix("Bearer "), max_retries=0
        )
        answer = await client.chat.completions.create(model="math", messages=ASKED)
        stream = await client.chat.completions.create(model="math", messages=ASKED, stream=True)
        chunks = [chunk async for chunk in stream]
        with pytest.raises(openai.NotFoundError) as unknown:
            await client.chat.completions.create(model="plain", messages=ASKED)
        with pytest.raises(openai.NotFoundError) as excluded:
            await client.chat.completions.create(model="painter", messages=ASKED)
        with pytest.raises(openai.AuthenticationError) as refused:
            await client.with_options(api_key="sk-wrong").models.list()
        models = [model.id async for model in client.models.list()]
        await client.close()

    assert answer.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (unknown.value.code, excluded.value.code) == ("model_not_found", "model_not_found")
    assert (refused.value.code, refused.value.type) == ("invalid_api_key", "invalid_request_error")
    assert models == ["math"]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"bearer %s", id="lower case"),
        pytest.param(b"Bearer  %s", id="two blanks"),
    ],
)
async def test_a_key_is_read_from_the_wire_in_every_form_that_http_allows(header):
    keys = Keys()
    _, presented = await keys.issue()
    secret = presented.removeprefix("Bearer ").encode()
    async with running(Service(keyring=keys.ring())) as url, httpx.AsyncClient() as http:
        sent = {b"authorization": header % secret}
        read = await http.get(f"{url}/v1/models", headers=sent)
        odd = await http.get(f"{url}/v1/models", headers={b"authorization": b"Bearer \xff\xfe"})

    assert (read.status_code, odd.status_code) == (200, 401)
