from orchestrator.registry.edit import checker, sound
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.registry.opening import open_with
from orchestrator.store.memory import MemoryStore
from tests.rollouts import edit_of


def file_of(*experts: str):
    edit = edit_of(*experts, source="start", file_sha256="f" * 64)
    return sound(edit, checker(environ={})(edit), order=0)


async def test_the_first_start_makes_the_first_generation():
    generations = StoredGenerations(MemoryStore())

    record = await open_with(generations, file_of("maths"))

    assert await generations.live() == record
    assert (record.number, record.source, record.file_sha256) == (1, "start", "f" * 64)


async def test_a_start_with_what_was_live_makes_none():
    store = MemoryStore()
    await open_with(StoredGenerations(store), file_of("maths"))

    assert (await open_with(StoredGenerations(store), file_of("maths"))).number == 1


async def test_the_file_wins_over_what_the_last_run_left():
    store = MemoryStore()
    await open_with(StoredGenerations(store), file_of("maths"))
    record = await open_with(StoredGenerations(store), file_of("code"))

    assert await StoredGenerations(store).live_number() == record.number == 2
