from bench.prompts import prompt, prompt_of_bytes


def test_a_prompt_is_the_same_on_every_run_and_differs_by_seed():
    assert prompt(60, seed="1-1") == prompt(60, seed="1-1")
    assert len({prompt(60, seed=f"1-{index}") for index in range(1000)}) == 1000


def test_a_prompt_has_as_many_words_as_asked():
    assert len(prompt(500, seed="a").split()) == 500


def test_a_prompt_of_bytes_has_as_many_bytes_as_asked():
    assert len(prompt_of_bytes(60, seed="a").encode()) == 60
