"""A static table that one fit takes over from another."""

import pytest

from routers.base import RouterError
from routers.neighbour_files import write_neighbours
from routers.static_files import Carried, embedder_to_carry, table_of
from tests.unit.routers.answering import two_topics
from tests.unit.routers.skilled import table_blobs, write
from tests.unit.routers.small import embedding


@pytest.fixture
def fitted(tmp_path):
    return write(tmp_path / "skills")


def test_a_folder_without_a_fitted_router_is_refused(tmp_path):
    with pytest.raises(RouterError, match=r"nowhere' holds no fitted router whose table could be"):
        table_of(tmp_path / "nowhere", names=["static"])


def test_a_router_without_a_table_is_refused(tmp_path):
    minilm = Carried(embedder=embedding(), blobs={})
    write_neighbours(two_topics(), tmp_path / "bare", name="minilm", of=minilm)

    with pytest.raises(RouterError, match=r"the neighbours router in .*bare' has no static table"):
        table_of(tmp_path / "bare", names=["static"])


def test_a_table_that_was_edited_is_refused(fitted):
    (fitted / "static.safetensors").write_bytes(b"")

    with pytest.raises(RouterError, match="not the one its manifest names"):
        table_of(fitted, names=["static"])


def test_a_table_that_nobody_would_use_is_refused(fitted):
    with pytest.raises(RouterError, match=r"for the embedder 'static', not for \['minilm'\]"):
        table_of(fitted, names=["minilm"])


def test_a_table_is_taken_over_byte_by_byte(fitted):
    found = embedder_to_carry("static", table=table_of(fitted, names=["minilm", "static"]))

    assert found.blobs == table_blobs()
    assert found.embedder.dim == 3


def test_without_a_folder_there_is_no_table():
    assert table_of(None, names=["minilm"]) is None
