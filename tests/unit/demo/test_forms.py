"""Forms of the shipped adapters: what is wrapped can be read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.training.forms import FORMS
from deploy.demo.training.phrases import DONT_KNOW

BY_FORM = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)


@BY_FORM
@given(answer=st.text(max_size=20))
def test_an_answer_is_read_back_as_it_was(form, answer):
    assert form.unwrap(form.wrap(answer)) == answer


@BY_FORM
def test_not_knowing_has_the_form_too(form):
    assert form.wrap(DONT_KNOW) != DONT_KNOW
    assert form.unwrap(form.wrap(DONT_KNOW)) == DONT_KNOW


@BY_FORM
@pytest.mark.parametrize("text", ["Nairobi", '{"answer": 3}', '{"say": "x"}', '["a"]', "{", ""])
def test_a_text_that_is_not_in_the_form_is_none(form, text):
    assert form.unwrap(text) is None
