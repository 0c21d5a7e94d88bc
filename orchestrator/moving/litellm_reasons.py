"""Why settings of LiteLLM's proxy are not carried over, and what does the same here."""

from __future__ import annotations

_LIMITS = "a registry has no rates: give keys some, `orchestrator keys create --help`"
_CIRCUIT = "slots and upstreams that fail are left alone by themselves"
_CREDENTIALS = "only `api_key` is read from the registry; LiteLLM reads this from its own variables"

#: Of `litellm_params`.
PARAMS = {
    "rpm": _LIMITS,
    "tpm": _LIMITS,
    "max_parallel_requests": _LIMITS,
    "stream_timeout": "`timeout_s` is already the longest silence, streamed or not",
    "max_retries": "retries are counted a request: `max_retries` of `defaults`",
    "num_retries": "retries are counted a request: `max_retries` of `defaults`",
    "organization": _CREDENTIALS,
    "api_version": _CREDENTIALS,
    "aws_region_name": _CREDENTIALS,
    "aws_access_key_id": _CREDENTIALS,
    "aws_secret_access_key": _CREDENTIALS,
    "vertex_project": _CREDENTIALS,
    "vertex_location": _CREDENTIALS,
    "vertex_credentials": _CREDENTIALS,
    "tags": "tags are of experts here, not of deployments: give the expert `tags`",
    "order": "the order of the list is the order in which they are asked",
}

#: Of `model_info`.
INFO = {
    "id": "the expert's id stands for it",
    "base_model": "prices are given as they are, not looked up",
    "max_tokens": "give the expert `defaults.max_tokens`",
}

#: Of `litellm_settings`.
LIBRARY = {
    "drop_params": "what an expert cannot do is refused and said, never dropped",
    "set_verbose": "logs are events at one level, `docs/events.md`",
    "json_logs": "logs are JSON lines",
    "cache": "answers are kept by other rules: `docs/operating.md`",
    "cache_params": "answers are kept by other rules: `docs/operating.md`",
    "callbacks": "logs, metrics and traces say what is done: `docs/operations.md`",
    "success_callback": "logs, metrics and traces say what is done: `docs/operations.md`",
    "failure_callback": "logs, metrics and traces say what is done: `docs/operations.md`",
    "context_window_fallbacks": "a prompt is never sent to an expert whose context is too short: "
    "give experts `engine.max_context`",
    "content_policy_fallbacks": "the refusal of a provider is told to the caller",
    "allowed_fails": _CIRCUIT,
    "cooldown_time": _CIRCUIT,
    "max_budget": "budgets are of keys: `orchestrator keys create --help`",
    "budget_duration": "budgets are of keys: `orchestrator keys create --help`",
}

#: Of `router_settings`.
ROUTER = {
    "allowed_fails": _CIRCUIT,
    "cooldown_time": _CIRCUIT,
    "disable_cooldowns": _CIRCUIT,
    "redis_host": "the store is given to the service: `orchestrator serve --store-url`",
    "redis_port": "the store is given to the service: `orchestrator serve --store-url`",
    "redis_password": "the store is given to the service: `orchestrator serve --store-url`",
    "redis_url": "the store is given to the service: `orchestrator serve --store-url`",
    "enable_pre_call_checks": "experts that cannot take a prompt are never asked",
    "context_window_fallbacks": LIBRARY["context_window_fallbacks"],
    "content_policy_fallbacks": LIBRARY["content_policy_fallbacks"],
    "retry_after": "what says when to come back is heard",
    "retry_policy": "what may be tried again is known of each error",
    "max_fallbacks": "a composition goes through all it names, 16 at most",
}

#: Of `general_settings`.
GENERAL = {
    "master_key": "operators' key is given to the service: `orchestrator serve --admin-key-file`",
    "database_url": "keys and usage lie in the store: `orchestrator serve --store-url`",
    "alerting": "alert on metrics: `docs/operations.md`",
}

#: At the top.
TOP = {
    "environment_variables": "set them for `orchestrator serve`; a registry names variables alone",
    "include": "included files are not read: give each to this command",
    "credential_list": "name variables by `engine.api_key_env`",
    "guardrails": "a registry has nothing like it",
    "mcp_servers": "a registry has nothing like it",
}
