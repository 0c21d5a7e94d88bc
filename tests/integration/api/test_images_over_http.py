"""Images that callers name by URL: fetched from where they may come, and from nowhere else."""

import asyncio
import base64

import pytest
from aiohttp import web

from orchestrator.api.image_settings import ImageSettings
from orchestrator.api.settings import ApiSettings
from orchestrator.engines.fake import FakeEngine
from tests.integration.engines.upstream import serving
from tests.served import Service, fault

pytestmark = pytest.mark.integration

PICTURE = b"\x89PNG" + bytes(range(256))
DATA = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"


async def pictures(request: web.Request) -> web.Response:
    """A host of images that does as its path says."""
    match request.path.rsplit("/", 1)[-1]:
        case "moved":
            raise web.HTTPFound("/v1/a.png")
        case "page":
            return web.Response(text="<html>", content_type="text/html")
        case "large":
            return web.Response(body=PICTURE * 10, content_type="image/png")
        case "slow":
            await asyncio.Event().wait()
        case "broken":
            return web.Response(status=500)
    return web.Response(body=PICTURE, content_type="image/png")


async def asked(*urls: str, images: ImageSettings, engine: FakeEngine | None = None):
    service = Service(engine=engine or FakeEngine("ok"), settings=ApiSettings(images=images))
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    messages = [{"role": "user", "content": [{"type": "text", "text": "what?"}, *parts]}]
    return await service.post("/v1/chat/completions", model="painter", messages=messages)


def images_of(engine: FakeEngine) -> list[str]:
    (turn,) = engine.calls[0].prompt.messages
    return [part.url for part in turn.content[1:]]


async def test_an_image_of_an_allowed_host_comes_to_the_expert_as_bytes():
    engine = FakeEngine("ok")

    async with serving(pictures) as url:
        allowed = ImageSettings(hosts="localhost, 127.0.0.1")
        urls = (f"{url}/a.png", f"{url.replace('127.0.0.1', 'localhost')}/b.png", DATA)
        response = await asked(*urls, images=allowed, engine=engine)

    assert response.status_code == 200, response.text
    assert images_of(engine) == [DATA, DATA, DATA]


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("localhost", "host 'localhost' is 127.0.0.1, an address of this machine itself"),
        ("127.0.0.1", "host '127.0.0.1' is an address of this machine itself"),
        ("0x7f.1", "in disguise"),
        ("2130706433", "in disguise"),
        ("[::ffff:127.0.0.1]", "this machine itself"),
        ("a:b@127.0.0.1", "holds a user or a password"),
    ],
)
async def test_an_image_of_a_private_address_is_refused_and_nobody_is_connected_to(host, why):
    heard = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(request.path)
        return web.Response()

    async with serving(hear) as url:
        response = await asked(url.replace("127.0.0.1", host), images=ImageSettings())

    assert (response.status_code, heard) == (400, [])
    assert why in fault(response)["message"]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("moved", "redirects are not followed"),
        ("page", "no image but 'text/html'"),
        ("large", "more than the 1000 bytes"),
        ("slow", "not there within 0.3 s"),
        ("broken", "answers 500"),
    ],
)
async def test_what_is_no_image_that_can_be_had_is_a_400_that_says_why(path, why):
    settings = ImageSettings(hosts="127.0.0.1", max_bytes=1000, timeout_s=0.3)

    async with serving(pictures) as url:
        response = await asked(f"{url}/{path}", images=settings)

    assert response.status_code == 400
    assert why in fault(response)["message"]
    assert fault(response)["param"] == "image_url"


async def test_all_images_of_a_request_share_their_room():
    settings = ImageSettings(hosts="127.0.0.1", max_bytes=300)

    async with serving(pictures) as url:
        response = await asked(f"{url}/a.png", f"{url}/b.png", images=settings)

    assert "image 2 of the request: it has more than the 40 bytes" in fault(response)["message"]


async def test_too_many_images_are_refused_before_any_is_fetched():
    urls = [f"https://example.com/{at}.png" for at in range(3)]

    response = await asked(*urls, images=ImageSettings(max_images=2))

    assert "image 3 of the request: at most 2 images" in fault(response)["message"]


async def test_urls_are_refused_where_the_operator_says_so():
    response = await asked("https://example.com/a.png", images=ImageSettings(urls="refuse"))

    assert response.status_code == 400
    assert "data URLs alone" in fault(response)["message"]


async def test_urls_are_handed_on_where_the_operator_says_so_but_not_to_private_addresses():
    engine, handed = FakeEngine("ok"), ImageSettings(urls="pass")
    public = await asked("https://example.com/a.png", images=handed, engine=engine)
    private = await asked("http://10.0.0.1/a.png", images=handed)

    assert (public.status_code, images_of(engine)) == (200, ["https://example.com/a.png"])
    assert private.status_code == 400
