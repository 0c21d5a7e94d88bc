import pytest

from orchestrator.access.keys import (
    KeyWish,
    caller_of_key,
    digest_of,
    edited,
    issued,
    require_usable,
    revoked,
    rotated,
)
from orchestrator.access.terms import Terms
from orchestrator.errors import ConflictError, UnauthenticatedError
from orchestrator.store.keys import StoredKey

NOW_S = 1_000.0


def key(**fields) -> StoredKey:
    return issued(KeyWish(name="ann", **fields), now_s=NOW_S).key


def test_a_secret_has_256_bits_of_chance_and_is_not_kept():
    one, other = (issued(KeyWish(name="ann"), now_s=NOW_S) for _ in range(2))

    assert one.secret.startswith("sk-orc-")
    assert len(one.secret.removeprefix("sk-orc-")) >= 43  # 43 letters of 6 bits hold 256
    assert one.secret != other.secret
    assert one.key.id != other.key.id
    assert one.key.digest == digest_of(one.secret)
    assert one.secret not in one.key.model_dump_json()
    assert one.secret[7:13] == one.key.prefix


def test_an_edit_changes_what_it_names_and_nothing_else():
    before = key(terms=Terms(models=("math",), budget_usd=5.0), tags=("a",))

    after = edited(before, {"name": "ben", "terms": {"budget_usd": None, "max_concurrent": 2}})

    assert (after.name, after.tags, after.digest) == ("ben", ("a",), before.digest)
    assert after.edition == before.edition + 1
    assert caller_of_key(after).terms == Terms(models=("math",), max_concurrent=2)


def test_the_secret_before_a_rotation_lives_on_for_its_grace_alone():
    before = key()
    after = rotated(before, grace_s=60, now_s=NOW_S)

    require_usable(after.key, digest=before.digest, now_s=NOW_S + 59)
    require_usable(after.key, digest=digest_of(after.secret), now_s=NOW_S + 99)
    with pytest.raises(UnauthenticatedError, match="was rotated"):
        require_usable(after.key, digest=before.digest, now_s=NOW_S + 60)
    assert rotated(before, grace_s=0, now_s=NOW_S).key.former_digest is None


def test_a_revoked_key_stays_so():
    ended = revoked(key(), now_s=NOW_S)

    with pytest.raises(UnauthenticatedError, match="was revoked"):
        require_usable(ended, digest=ended.digest, now_s=NOW_S)
    with pytest.raises(ConflictError, match="stays so"):
        edited(ended, {"name": "ben"})
    with pytest.raises(ConflictError, match="stays so"):
        rotated(ended, grace_s=0, now_s=NOW_S)
    assert revoked(ended, now_s=NOW_S + 5) == ended


def test_a_key_ends_at_its_time():
    ending = key(expires_s=NOW_S + 10)

    require_usable(ending, now_s=NOW_S + 9.9)
    with pytest.raises(UnauthenticatedError, match="has expired"):
        require_usable(ending, now_s=NOW_S + 10)


def test_terms_that_cannot_be_read_let_nobody_in():
    newer = key().model_copy(update={"terms": {"max_images": 3}})

    with pytest.raises(UnauthenticatedError, match=r"cannot read: \['max_images'\]"):
        caller_of_key(newer)
    with pytest.raises(ConflictError, match="cannot read"):
        edited(newer, {"name": "ben"})
