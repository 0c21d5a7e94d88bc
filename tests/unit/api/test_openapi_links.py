"""The links of the document lead somewhere."""

from orchestrator.api.openapi_links import LINKS
from tests.batch_desk import Desk
from tests.served import Service


async def document_of(service: Service) -> dict:
    return (await service.get("/openapi.json")).json()


def operations_of(document: dict) -> dict[str, tuple[str, str]]:
    return {
        operation["operationId"]: (verb, path)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    }


async def test_every_link_is_told_and_names_an_operation_with_its_parameters():
    desk = Desk()
    document = await document_of(Service(batches=desk.office, storage=desk.storage))
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
    desk = Desk()
    document = await document_of(Service(batches=desk.office, storage=desk.storage))

    for path, verbs in document["paths"].items():
        wanted = {part[1:-1].partition(":")[0] for part in path.split("/") if part[:1] == "{"}
        for operation in verbs.values():
            described = {
                one["name"] for one in operation.get("parameters", []) if one["in"] == "path"
            }
            assert described == wanted, path
