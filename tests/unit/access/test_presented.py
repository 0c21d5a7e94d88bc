import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.access.presented import secret_of
from orchestrator.errors import UnauthenticatedError


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("Bearer sk-orc-abc", id="as clients send it"),
        pytest.param("bearer sk-orc-abc", id="lower case"),
        pytest.param("BEARER   sk-orc-abc  ", id="more blanks"),
    ],
)
def test_a_secret_is_read_in_every_form_that_http_allows(header):
    assert secret_of(header) == "sk-orc-abc"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        pytest.param(None, "asks for a key", id="none"),
        pytest.param("   ", "asks for a key", id="blank"),
        pytest.param("sk-orc-SECRET", "after the word 'Bearer'", id="no scheme"),
        pytest.param("Basic SECRET", "after the word 'Bearer'", id="another scheme"),
        pytest.param("Bearer", "after the word 'Bearer'", id="no secret"),
        pytest.param("Bearer ", "after the word 'Bearer'", id="a blank secret"),
        pytest.param("BearerSECRET", "after the word 'Bearer'", id="no blank between"),
        pytest.param("Bearer SECRET SECRET", "more than one", id="two words"),
        pytest.param("Bearer SECRET,Bearer SECRET", "more than one", id="two headers joined"),
        pytest.param("Bearer SECRET\u00e9", "letters that no key has", id="latin"),
        pytest.param("Bearer SEC\x00RET", "letters that no key has", id="a zero byte"),
        pytest.param("Bearer " + "SECRET" * 17_000, "has 102007 letters", id="100 kB"),
    ],
)
def test_what_is_no_key_is_refused_and_never_told_back(header, says):
    with pytest.raises(UnauthenticatedError, match=says) as refused:
        secret_of(header)
    assert "SECRET" not in refused.value.message


@given(st.text(st.characters(max_codepoint=255)) | st.text(" ,BearbER\tsk-\x00é"))
def test_whatever_is_sent_is_a_part_of_the_header_or_refused_without_being_told(header):
    try:
        secret = secret_of(header)
    except UnauthenticatedError as exc:
        secret, told = None, exc.message

    if secret is None:
        assert len(header.strip()) < 12 or header.strip() not in told
    else:
        assert secret in header
        assert secret.isascii()
        assert not set(secret) & set(" ,")
