import pytest
from openai.types import Model

from orchestrator.api.readiness import Readiness
from orchestrator.api.settings import ApiSettings
from orchestrator.api.unserved import ALTERNATIVES
from orchestrator.compositions.programs import Programs
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.models import Expert, Registry
from tests.served import Service, fault

CHAT = {"messages": [{"role": "user", "content": "1+1?"}]}


@pytest.mark.parametrize("body", [CHAT, {"prompt": "1+1?"}], ids=["messages", "prompt"])
async def test_route_explains_without_generating(body):
    service = Service()

    decision = (await service.post("/v1/route", **body)).json()

    assert decision["model"] == "auto"
    assert decision["chosen"] == ["math", "painter", "plain"]
    assert decision["scores"]["math"] == 1.0
    assert (decision["category"], decision["entropy"]) == ("sums", 0.25)
    assert (decision["router"], decision["router_version"]) == ("topic", "v1")
    assert decision["generation"] == 7
    assert not service.engine.calls


async def test_route_of_a_named_expert_says_so():
    decision = (await Service().post("/v1/route", model="plain", **CHAT)).json()

    assert decision["chosen"] == ["plain"]
    assert decision["reasons"] == ["the caller named expert 'plain'"]


async def test_route_of_a_composition_that_names_whom_it_asks_says_so():
    engine = {"kind": "fake"}
    registry = Registry.model_validate(
        {
            "experts": [{"id": "small", "engine": engine}, {"id": "large", "engine": engine}],
            "compositions": {
                "thrifty": {"kind": "cascade", "cheap": ["small"], "strong": "large", "tau": 0.6}
            },
        }
    )
    programs = Programs(registry, generation=1, routers={}, dispatch=FakeEngine())

    service = Service(live=lambda: programs)
    decision = (await service.post("/v1/route", model="thrifty", **CHAT)).json()

    assert decision["reasons"] == ["composition 'thrifty' asks 'small' first, by its entry"]


async def test_route_judges_a_body_as_the_endpoints_do():
    response = await Service().post("/v1/route", temperature=9, **CHAT)

    assert fault(response)["param"] == "temperature"


async def test_models_are_openai_s_objects():
    listed = (await Service().get("/v1/models")).json()

    models = [Model.model_validate(entry, strict=True) for entry in listed["data"]]
    assert [model.id for model in models] == ["auto", "math", "painter", "plain", "vectors"]
    assert [model.owned_by for model in models][:2] == ["orchestrator", "us"]
    assert listed["data"][3]["max_model_len"] == 512


async def test_an_adapter_is_told_with_its_base():
    plain, formal = Expert(id="plain", model="m"), Expert(id="formal", base="plain", adapter="a")
    registry = Registry(experts=[plain, formal])
    programs = Programs(registry, generation=1, routers={}, dispatch=FakeEngine())

    listed = (await Service(live=lambda: programs).get("/v1/models")).json()["data"]

    assert [entry["base"] for entry in listed] == [None, "plain"]


async def test_a_variant_that_serves_is_told_with_its_loss():
    math, plain = [(await Service().get(f"/v1/models/{name}")).json() for name in ("math", "plain")]

    assert (math["variant"], math["loss"]) == (None, None)
    assert (plain["variant"], plain["loss"]) == ("half", 0.4)


async def test_one_model_is_shown():
    assert (await Service().get("/v1/models/auto")).json()["kind"] == "composition"
    assert fault(await Service().get("/v1/models/mth"))["code"] == "model_not_found"


async def test_alive_is_not_ready():
    state = Readiness(is_ready=False, reasons=("expert 'math' is not loaded",))
    service = Service(readiness=state)

    alive, ready = await service.get("/healthz"), await service.get("/readyz")

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json()["reasons"] == ["expert 'math' is not loaded"]


async def test_metrics_are_those_of_the_catalogue():
    text = (await Service().get("/metrics")).text

    assert "# TYPE orchestrator_requests_total counter" in text


@pytest.mark.parametrize("path", [path for path in ALTERNATIVES if "chat" not in path])
async def test_routes_of_openai_that_are_not_served_name_another(path):
    response = await Service().get(f"{path}/some-id")

    assert response.status_code == 404
    assert ALTERNATIVES[path] in fault(response)["message"]


async def test_an_unknown_path_names_the_nearest():
    response = await Service().post("/chat/completions")

    assert response.status_code == 404
    assert "did you mean /v1/chat/completions?" in fault(response)["message"]


async def test_a_wrong_method_names_the_right_one():
    response = await Service().get("/v1/chat/completions")

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert "allowed: POST" in fault(response)["message"]


async def test_the_document_has_true_schemas():
    document = (await Service().get("/openapi.json")).json()

    chat = document["paths"]["/v1/chat/completions"]["post"]
    body = chat["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/ChatRequest"}
    schemas = document["components"]["schemas"]
    assert schemas["ChatRequest"]["properties"]["n"]["description"] == "How many answers."
    assert "finish_reason" in schemas["Choice"]["properties"]
    assert "x-orchestrator-expert" in document["info"]["description"]


async def test_every_reference_of_the_document_leads_somewhere():
    document = (await Service().get("/openapi.json")).json()

    found = set(_references(document))

    schemas = document["components"]["schemas"]
    assert {ref.removeprefix("#/components/schemas/") for ref in found} <= schemas.keys()


def _references(value):
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            else:
                yield from _references(item)


async def test_the_page_loads_nothing_from_elsewhere():
    page = (await Service().get("/docs")).text

    assert "openapi.json" in page
    assert "http://" not in page
    assert "https://" not in page


async def test_the_document_can_be_switched_off():
    service = Service(settings=ApiSettings(docs=False))

    assert (await service.get("/docs")).status_code == 404
    assert (await service.get("/openapi.json")).status_code == 404


async def test_the_engine_is_never_asked_by_a_look():
    service = Service(engine=FakeEngine())

    for path in ("/v1/models", "/healthz", "/readyz", "/metrics", "/admin/registry"):
        await service.get(path)

    assert not service.engine.calls
