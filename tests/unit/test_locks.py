"""What the locks may hold."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def pins(lock: Path) -> dict[str, str]:
    found = re.findall(r"^([a-z0-9][\w.-]*)==([\w.+]+)", lock.read_text(), re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize("lock", ["requirements/remote.lock", "bench/litellm.lock"])
def test_no_lock_holds_the_releases_of_litellm_that_were_malware(lock):
    assert pins(ROOT / lock)["litellm"] not in {"1.82.7", "1.82.8"}


def test_the_hosted_providers_are_what_pyproject_names():
    extra = re.search(
        r'^remote = \["litellm==([\d.]+)"\]', (ROOT / "pyproject.toml").read_text(), re.M
    )

    assert extra is not None
    assert pins(ROOT / "requirements/remote.lock")["litellm"] == extra[1]


def test_the_hosted_providers_change_no_version_of_the_service():
    served, remote = pins(ROOT / "requirements/cpu.lock"), pins(ROOT / "requirements/remote.lock")

    assert served.keys() & remote.keys() == set()


def test_every_file_for_hosted_providers_is_known_by_hash():
    text = (ROOT / "requirements/remote.lock").read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
