from tests.keyrings import ADMIN
from tests.metered import MeteredService
from tests.served import fault

DAYS = {"first_day": "2026-11-22", "last_day": "2026-11-22"}


async def used(site: MeteredService, query: str = "", **headers):
    await site.meters.books.flush()
    days = "first_day=2026-11-22&last_day=2026-11-22"
    return await site.service.get(f"/admin/usage?{days}&{query}", **(headers or ADMIN))


async def test_usage_is_told_by_key_and_expert_with_all_that_was_charged():
    site = MeteredService()
    ann, headers = await site.key(budget_usd=1)
    await site.service.chat(model="priced", headers=headers)
    await site.service.chat(model="auto", headers=headers)
    await site.service.chat(model="nobody", headers=headers)

    report = (await used(site, "group_by=key&group_by=expert")).json()

    group = {"key": ann, "expert": "priced"}
    (answered,) = [one for one in report["data"] if one["group"] == group]
    assert (answered["requests"], answered["completion_tokens"]) == (2, 4)
    assert answered["cost_usd"] == 4e-6
    assert (report["total"]["requests"], report["total"]["errors"]) == (3, 1)


async def test_every_expert_of_a_composition_has_its_share():
    site = MeteredService()
    _, headers = await site.key()
    answer = await site.service.chat(model="twice", headers=headers)

    report = (await used(site, "group_by=composition&expert=priced")).json()

    (one,) = report["data"]
    assert (one["group"], one["requests"]) == ({"composition": "twice"}, 1)
    assert one["completion_tokens"] == answer.json()["usage"]["completion_tokens"]


async def test_a_sheet_has_a_row_a_group_and_runs_nothing():
    site = MeteredService()
    _, headers = await site.key()
    await site.service.chat(model="priced", headers=headers)

    sheet = await used(site, "group_by=expert&format=csv")

    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert sheet.text.splitlines() == [
        "expert,requests,errors,prompt_tokens,completion_tokens,cost_usd",
        f"priced,1,0,{sheet.text.splitlines()[1].split(',')[3]},2,2e-06",
    ]


async def test_days_that_are_none_and_too_many_are_refused():
    site = MeteredService()
    wrong = await site.service.get("/admin/usage?first_day=2026-02-30", **ADMIN)
    number = await site.service.get("/admin/usage?last_day=0", **ADMIN)
    many = await site.service.get("/admin/usage?first_day=2020-01-01", **ADMIN)

    assert (wrong.status_code, number.status_code) == (400, 400)
    assert "YYYY-MM-DD" in fault(number)["message"]
    assert (many.status_code, fault(many)["param"]) == (400, "first_day")


async def test_a_caller_is_not_told_what_others_used():
    site = MeteredService()
    site.service.peer = "10.0.0.9"
    _, headers = await site.key()

    assert (await used(site, **headers)).status_code == 403
