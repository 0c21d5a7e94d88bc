import pickle

import pytest

from orchestrator.access.keys import digest_of
from orchestrator.errors import SetupError
from orchestrator.service.entry import OPEN, Entry, entry_of
from orchestrator.service.settings import read

KEY = "an-admin-key-of-36-letters-0123456789"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9", "[::1]"])
def test_on_loopback_no_key_is_asked_for_unless_told_so(host):
    assert entry_of(read({}, host=host)) == OPEN
    assert OPEN.admin == "loopback"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "box.example", "", "127.0.0.1.nip"])
def test_beyond_loopback_it_does_not_start_before_it_is_told_who_may_ask(host):
    with pytest.raises(SetupError, match=r"--keys required.*ORCHESTRATOR_ADMIN_KEY.*--keys off"):
        entry_of(read({"ORCHESTRATOR_ADMIN_KEY": KEY}, host=host))

    assert entry_of(read({}, host=host, keys="off")) == OPEN


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_with_keys_required_the_digest_of_the_admin_key_is_all_that_is_passed_on(host):
    settings = read({"ORCHESTRATOR_ADMIN_KEY": KEY, "ORCHESTRATOR_KEYS": "required"}, host=host)

    entry = entry_of(settings)

    assert entry == Entry(asks_for_keys=True, admin_digest=digest_of(KEY))
    assert entry.admin == "key"
    assert KEY.encode() not in pickle.dumps(entry)
    assert KEY not in repr(settings)


def test_without_keys_an_admin_key_opens_admin_from_afar():
    entry = entry_of(read({"ORCHESTRATOR_ADMIN_KEY": KEY}))

    assert (entry.asks_for_keys, entry.admin_digest) == (False, digest_of(KEY))


def test_keys_that_nobody_could_make_are_not_required():
    with pytest.raises(SetupError, match=r"no admin key.*openssl rand -hex 32"):
        entry_of(read({}, keys="required"))


def test_the_admin_key_may_lie_in_a_file(tmp_path):
    path = tmp_path / "key"
    path.write_text(KEY + "\n")

    assert entry_of(read({}, keys="required", admin_key_file=path)).admin_digest == digest_of(KEY)
    with pytest.raises(SetupError, match="both set"):
        entry_of(read({"ORCHESTRATOR_ADMIN_KEY": KEY}, admin_key_file=path))
    with pytest.raises(SetupError, match="cannot be read: No such file"):
        entry_of(read({}, admin_key_file=tmp_path / "none"))
    path.write_text("schlüssel" * 5)
    with pytest.raises(SetupError, match="not plain ASCII"):
        entry_of(read({}, admin_key_file=path))


@pytest.mark.parametrize(
    "weak",
    [
        pytest.param("SECRET", id="short"),
        pytest.param("SECRET " * 6, id="blanks"),
        pytest.param("SECRET," * 6, id="commas"),
        pytest.param("SECRETÉ" * 6, id="no ASCII"),
        pytest.param("SECRET" * 50, id="too long"),
    ],
)
def test_an_admin_key_that_will_not_do_is_refused_without_being_told(weak):
    with pytest.raises(SetupError, match="openssl rand") as refused:
        entry_of(read({"ORCHESTRATOR_ADMIN_KEY": weak}, keys="required"))

    assert "SECRET" not in refused.value.message


def test_a_wrong_word_for_keys_is_named_with_what_is_allowed():
    with pytest.raises(SetupError, match=r"setting 'keys' is 'on'.*'off' or 'required'"):
        read({}, keys="on")
