"""Who may enter: whether callers need a key, and which one is the operator's own."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from orchestrator.access.keys import digest_of
from orchestrator.errors import SetupError
from orchestrator.service.settings import Settings

#: Letters of an admin key: whoever has it may do everything, and it may be guessed at from afar.
MIN_ADMIN_LETTERS = 24
_MAKE = "make one with `openssl rand -hex 32`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What gateways are told of keys: never the admin key itself."""

    asks_for_keys: bool = False
    #: SHA-256 of the admin key; `None` where there is none.
    admin_digest: str | None = None

    @property
    def admin(self) -> Literal["loopback", "key"]:
        """Who may call /admin, as the endpoint's setting says it."""
        return "key" if self.asks_for_keys else "loopback"


OPEN = Entry()


def entry_of(settings: Settings) -> Entry:
    """What the settings say.

    Raises:
        SetupError: they would open the endpoint to strangers, or name no admin key that will do.
    """
    admin_key = _admin_key(settings)
    asks = settings.keys == "required"
    if settings.keys is None and not _is_loopback(settings.host):
        raise SetupError(
            f"--host {settings.host} opens the endpoint beyond this machine, where anybody could "
            "ask: start with `--keys required` and an admin key in ORCHESTRATOR_ADMIN_KEY or "
            "--admin-key-file, or, where something before it keeps strangers out, with `--keys off`"
        )
    if asks and admin_key is None:
        raise SetupError(
            "keys are required (setting 'keys') and there is no admin key to make them with: set "
            f"ORCHESTRATOR_ADMIN_KEY, or name a file with --admin-key-file; {_MAKE}"
        )
    return Entry(
        asks_for_keys=asks, admin_digest=None if admin_key is None else digest_of(admin_key)
    )


def _admin_key(settings: Settings) -> str | None:
    if settings.admin_key is not None and settings.admin_key_file is not None:
        raise SetupError(
            "'admin_key' and 'admin_key_file' are both set; set one of them "
            "(ORCHESTRATOR_ADMIN_KEY, ORCHESTRATOR_ADMIN_KEY_FILE)"
        )
    if settings.admin_key_file is not None:
        path = settings.admin_key_file
        try:
            return _strong(path.read_text(encoding="ascii").strip(), f"the file {str(path)!r}")
        except (OSError, UnicodeDecodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "it is not plain ASCII"
            raise SetupError(f"the admin key file {str(path)!r} cannot be read: {reason}") from exc
    if settings.admin_key is None:
        return None
    return _strong(settings.admin_key.get_secret_value().strip(), "setting 'admin_key'")


def _strong(key: str, where: str) -> str:
    """The key, if strangers cannot guess it and headers can carry it.

    Raises:
        SetupError: they can, or cannot; never tells the key.
    """
    if len(key) < MIN_ADMIN_LETTERS:
        raise SetupError(
            f"the admin key in {where} has {len(key)} letters; at least {MIN_ADMIN_LETTERS} are "
            f"needed: {_MAKE}"
        )
    if len(key) > 256 or not key.isascii() or not key.isprintable() or set(key) & set(" ,"):
        raise SetupError(
            f"the admin key in {where} must be at most 256 ASCII letters without blanks and "
            f"commas: {_MAKE}"
        )
    return key


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
