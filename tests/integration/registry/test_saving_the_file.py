"""Saving is enough: real files, real events, every way in which editors save."""

import asyncio
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from orchestrator.registry.file_events import hints
from orchestrator.registry.registry_file import RegistryFile
from tests.rollouts import Site, text_of

pytestmark = pytest.mark.integration


@asynccontextmanager
async def followed(path: Path):
    """A site whose first generation is what `path` says, and that follows the file."""
    site = Site()
    file = RegistryFile(path, site.rollout)
    following = asyncio.create_task(file.follow())
    await until(site, "maths")
    yield site
    following.cancel()
    await asyncio.wait([following])
    await site.rollout.close()


async def until(site: Site, *experts: str) -> None:
    """Wait until these experts are live, as replicas do: by what the store announces."""
    async with asyncio.timeout(10), site.store.subscribe("registry:changes") as changes:
        while await live_experts(site) != list(experts):
            await anext(changes)


async def live_experts(site: Site) -> list[str]:
    live = await site.generations.live()
    return [] if live is None else [expert.id for expert in live.registry.experts]


def truncate_and_write(path, content):
    with path.open("wb") as stream:
        stream.flush()
        stream.write(content[:20])
        stream.flush()
        stream.write(content[20:])


def write_beside_and_rename(path, content):
    beside = path.with_name(".experts.yaml.swp")
    beside.write_bytes(content)
    beside.replace(path)


def delete_and_write(path, content):
    path.unlink()
    path.write_bytes(content)


def save_twenty_times(path, content):
    for at in range(19):
        path.write_bytes(text_of("maths", f"e{at}"))
    path.write_bytes(content)


def replace_the_folder(path, content):
    path.parent.rename(path.parent.with_name("old"))
    path.parent.mkdir()
    path.write_bytes(content)


WAYS = [
    truncate_and_write, write_beside_and_rename, delete_and_write, save_twenty_times,
    replace_the_folder,
]  # fmt: skip


@pytest.mark.parametrize("save", WAYS, ids=lambda way: way.__name__)
async def test_a_save_becomes_one_generation_of_its_last_content(tmp_path, save):
    path = tmp_path / "site/experts.yaml"
    path.parent.mkdir()
    path.write_bytes(text_of("maths"))
    async with followed(path) as site:
        save(path, text_of("maths", "code"))
        await until(site, "maths", "code")

        history = await site.generations.history()

    assert [one.number for one in history] == [2, 1]
    assert site.rollout.status().is_valid


async def test_a_config_map_is_followed_through_its_swap_of_links(tmp_path):
    for name, experts in {"..1": ["maths"], "..2": ["maths", "code"]}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "experts.yaml").write_bytes(text_of(*experts))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "experts.yaml").symlink_to("..data/experts.yaml")

    async with followed(tmp_path / "experts.yaml") as site:
        (tmp_path / "..new").symlink_to("..2")
        (tmp_path / "..new").replace(tmp_path / "..data")
        await until(site, "maths", "code")


async def test_a_link_that_is_turned_elsewhere_is_followed_there(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "experts.yaml").write_bytes(text_of("maths"))
    link = tmp_path / "experts.yaml"
    link.symlink_to("one/experts.yaml")

    async with followed(link) as site:
        link.unlink()
        link.symlink_to("two/experts.yaml")
        (tmp_path / "two/experts.yaml").write_bytes(text_of("code"))
        await until(site, "code")
        (tmp_path / "two/experts.yaml").write_bytes(text_of("chess"))
        await until(site, "chess")


async def test_a_file_that_comes_later_than_its_folder_is_found(tmp_path):
    path = tmp_path / "not/yet/experts.yaml"
    site = Site()
    following = asyncio.create_task(RegistryFile(path, site.rollout).follow())

    path.parent.mkdir(parents=True)
    path.write_bytes(text_of("maths"))
    await until(site, "maths")

    following.cancel()
    await asyncio.wait([following])
    await site.rollout.close()


async def test_a_folder_that_cannot_be_watched_is_looked_at_all_the_same(tmp_path, caplog):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "experts.yaml").write_bytes(text_of("maths"))
    async with followed(folder / "experts.yaml") as site, aclosing(hints(folder / "x")) as looks:
        await anext(looks)
        folder.rename(tmp_path / "elsewhere")  # between the look at the folder and its watch
        await anext(looks)

        (tmp_path / "elsewhere").rename(folder)
        (folder / "experts.yaml").write_bytes(text_of("code"))
        await until(site, "code")

    assert "is looked at once a second: it cannot be watched" in caplog.text
