"""The links of the document lead somewhere."""

from orchestrator.api.gate import FOR_ANYBODY
from orchestrator.api.openapi import document
from orchestrator.api.openapi_links import LINKS
from orchestrator.api.settings import ApiSettings
from orchestrator.store.memory_keys import MemoryKeys
from tests.batch_desk import Desk
from tests.served import Service


async def document_of(service: Service) -> dict:
    return (await service.get("/openapi.json")).json()


def whole() -> Service:
    """A service with all that has links."""
    desk = Desk()
    return Service(batches=desk.office, storage=desk.storage, keys=MemoryKeys())


def operations_of(document: dict) -> dict[str, tuple[str, str]]:
    return {
        operation["operationId"]: (verb, path)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    }


async def test_every_link_is_told_and_names_an_operation_with_its_parameters():
    document = await document_of(whole())
    operations = operations_of(document)

    told = [
        ((verb, path), operations[name], link)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
        for name, link in operation["responses"]["200"].get("links", {}).items()
    ]

    assert {(source, target) for source, target, _ in told} == {
        (link.source, link.target) for link in LINKS
    }
    for _, (_, path), link in told:
        assert all(f"{{{name}}}" in path for name in link.get("parameters", {}))


async def test_no_link_leads_to_what_this_service_does_not_have():
    document = await document_of(Service())
    links = document["paths"]["/v1/chat/completions"]["post"]["responses"]["200"]["links"]

    assert "/v1/files" not in document["paths"]
    assert set(links) <= set(operations_of(document))


async def test_every_parameter_of_a_path_is_described():
    document = await document_of(whole())

    for path, verbs in document["paths"].items():
        wanted = {part[1:-1].partition(":")[0] for part in path.split("/") if part[:1] == "{"}
        for operation in verbs.values():
            described = {
                one["name"] for one in operation.get("parameters", []) if one["in"] == "path"
            }
            assert described == wanted, path


async def test_a_service_with_keys_says_so_and_one_without_does_not():
    asks = document_with_keys()

    assert asks["security"] == [{"key": []}]
    assert asks["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert [asks["paths"][path]["get"]["security"] for path in sorted(FOR_ANYBODY)] == [[], []]
    assert "security" not in await document_of(Service())


def document_with_keys() -> dict:
    return document(Service(settings=ApiSettings(admin="key")).app(), asks_for_keys=True)
