"""The registry file: what is taken, when, and what is told of it; time passes by pauses alone."""

import os

import pytest

from orchestrator.errors import RegistryError, StoreError
from orchestrator.registry.rollout import Settled
from tests.rollouts import Site, edit_of, ended, text_of


async def looked(file):
    """Look once and wait for what comes of it; its generation, if it made one."""
    begun = await file.look()
    if begun is None or isinstance(begun, Settled):
        return None
    return (await begun.outcome()).number


@pytest.fixture
def path(tmp_path):
    return tmp_path / "experts.yaml"


def writing(path, *contents, site):
    """A pause in which somebody writes: one content at each, then none."""
    left = list(contents)

    async def pause(seconds):
        await site.pause(seconds)
        if left:
            path.write_bytes(left.pop(0))

    return pause


async def test_a_file_that_is_not_there_is_told_once_it_stays_away(path):
    site = Site()
    file = site.file(path)

    assert await file.look() is None

    error = site.rollout.status().last_error
    assert error.message == (
        f"registry file {str(path)!r}: there is no such file; what is live serves on"
    )
    assert site.now_s >= 100.3
    assert (file.state().trouble, file.state().sha256) == (error.message, None)


async def test_a_file_that_was_deleted_leaves_the_old_generation_serving(path):
    site = Site()
    path.write_bytes(text_of("maths"))
    file = site.file(path)
    await looked(file)

    path.unlink()
    await looked(file)
    assert (site.rollout.status().live.number, site.rollout.status().is_valid) == (1, False)

    path.write_bytes(text_of("maths"))
    await looked(file)
    assert (site.rollout.status().live.number, site.rollout.status().is_valid) == (1, True)


async def test_faults_are_told_once_they_stay(path):
    site = Site()
    path.write_bytes(b"experts: [")
    file = site.file(path)

    await file.look()
    await file.look()

    assert site.rollout.status().last_error.faults[0].line == 1
    assert "experts.yaml:1:" in file.state().trouble
    assert file.state().differs


@pytest.mark.parametrize(
    "half", [b"", b"version: 1\nexp", b"experts:\n"], ids=["empty", "cut", "no"]
)
async def test_half_a_save_is_never_told(path, half):
    site = Site()
    path.write_bytes(half)
    file = site.file(path, pause=writing(path, half, text_of("maths"), site=site))

    assert await looked(file) == 1
    assert site.rollout.status().last_error is None


async def test_many_saves_make_one_generation_of_the_last(path):
    site = Site()
    saves = [text_of("maths", f"e{at}") for at in range(20)]
    path.write_bytes(text_of("maths"))
    file = site.file(path, pause=writing(path, *saves, site=site))

    assert await looked(file) == 1
    assert (await site.generations.live()).registry.experts[1].id == "e19"


async def test_the_same_content_is_taken_once(path):
    site = Site()
    path.write_bytes(text_of("maths"))
    file = site.file(path)
    await looked(file)

    path.write_bytes(text_of("maths"))

    assert await file.look() is None
    assert site.crowd.prepared == [1]


async def test_a_rollback_stands_until_the_file_is_saved_again(path):
    site = Site()
    path.write_bytes(text_of("maths"))
    file = site.file(path)
    await looked(file)
    await site.rollout.apply(edit_of("code"))

    assert await file.look() is None
    assert file.state().differs

    path.write_bytes(text_of("maths", "chess"))
    assert await looked(file) == 3
    assert not file.state().differs


async def test_a_successor_leaves_alone_what_the_file_said_when_it_was_overruled(path):
    site = Site()
    path.write_bytes(text_of("maths"))
    control = await site.control(path)
    path.write_bytes(text_of("code"))
    file = site.file(path)
    await looked(file)
    overruling = edit_of("maths", source="rollback", file_sha256=file.sha256)
    await site.rollout.apply(overruling)

    successor = Site(site.store)
    await successor.rollout.settle()
    inherited = successor.file(path)

    assert await inherited.look() is None
    assert ((await control.read(None)).number, inherited.state().differs) == (3, True)


async def test_a_successor_proposes_what_its_predecessor_did_not_finish(path):
    site = Site()
    path.write_bytes(text_of("maths"))
    await looked(site.file(path))
    path.write_bytes(text_of("code"))

    successor = Site(site.store)
    await successor.rollout.settle()

    assert await looked(successor.file(path)) == 2


async def test_without_the_store_the_file_is_taken_later(path):
    site = Site()
    path.write_bytes(text_of("maths"))
    file = site.file(path)
    site.store.is_away = True
    with pytest.raises(StoreError):
        await file.look()

    site.store.is_away = False

    assert await looked(file) == 1


async def test_hints_are_followed_through_an_absence_of_the_store(path):
    site = Site()
    path.write_bytes(text_of("maths"))

    async def events():
        site.store.is_away = True
        yield
        site.store.is_away = False
        yield

    file = site.file(path)
    await file.follow(events())
    _, begun = await file.reload()  # what the second hint began, or has ended

    assert (await ended(begun)).number == 1
    assert site.crowd.prepared == [1]


async def test_reloading_takes_the_file_though_it_did_not_change(path):
    site = Site()
    path.write_bytes(text_of("maths"))
    file = site.file(path)
    await looked(file)
    await site.rollout.apply(edit_of("code"))

    _, begun = await file.reload()

    assert (await ended(begun)).number == 3


async def test_reloading_a_file_that_is_not_there_is_an_error(path):
    with pytest.raises(RegistryError, match="there is no such file"):
        await Site().file(path).reload()


async def test_a_pipe_in_its_place_is_told_and_does_not_hang(path):
    os.mkfifo(path)
    site = Site()

    await site.file(path).look()

    assert "not a regular file" in site.rollout.status().last_error.message
