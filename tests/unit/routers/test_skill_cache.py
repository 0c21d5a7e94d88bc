from concurrent.futures import ThreadPoolExecutor

from routers.skill_cache import SkillCache


def test_nobody_named_what_was_never_told():
    assert SkillCache().skills_of("text") is None


def test_no_skill_is_an_answer_too():
    cache = SkillCache()
    cache.remember("text", [])

    assert cache.skills_of("text") == ()


def test_the_text_that_was_used_longest_ago_goes_first():
    cache = SkillCache(max_texts=2)
    cache.remember("a", ["x"])
    cache.remember("b", ["x"])
    cache.skills_of("a")

    cache.remember("c", ["x"])

    assert [cache.skills_of(text) for text in "abc"] == [("x",), None, ("x",)]


def test_a_lone_surrogate_is_a_text_of_its_own():
    cache = SkillCache()
    cache.remember("\ud800", ["x"])

    assert (cache.skills_of("\ud800"), cache.skills_of("?")) == (("x",), None)


def test_many_threads_leave_no_more_than_the_bound():
    cache = SkillCache(max_texts=50)

    def work(thread: int) -> None:
        for number in range(500):
            cache.remember(f"{thread} {number}", ["x"])
            cache.skills_of(f"{thread} {number - 10}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    assert cache.num_texts == 50


def test_what_somebody_named_is_not_known_to_who_shuts_them_out():
    cache = SkillCache()
    cache.remember("text", ["x"], by=["namer", "helper"])

    assert cache.skills_of("text", shut_out=frozenset({"helper"})) is None
    assert cache.skills_of("text", shut_out=frozenset({"other"})) == ("x",)
