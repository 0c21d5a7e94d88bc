"""Examples of every command, as its help and `docs/cli.md` show them; tests parse them."""

from __future__ import annotations

from collections.abc import Mapping

#: Command -> what follows `orchestrator`.
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "batch plan": ("batch plan questions.jsonl --html plan.html",),
    "batch submit": ("batch submit questions.jsonl",),
    "batch watch": ("batch watch batch_1a2b", "batch watch batch_1a2b --json"),
    "batch list": ("batch list --json",),
    "batch show": ("batch show batch_1a2b",),
    "batch cancel": ("batch cancel batch_1a2b",),
    "batch output": ("batch output batch_1a2b --out answers.jsonl",),
    "batch timeline": ("batch timeline batch_1a2b --html timeline.html",),
    "batch run": (
        "batch run questions answers --registry experts.yaml",
        "batch run s3://bucket/questions s3://bucket/answers",
    ),
    "chat": (
        "chat",
        "chat 'What is the capital of Kenya?' --model capitals",
        "chat 'One word: hot?' --json",
    ),
    "check": ("check experts.yaml", "check experts.yaml --json"),
    "compare": ("compare data/8000/logs/orchestrator.log",),
    "diff": ("diff", "diff experts.yaml --json"),
    "doctor": ("doctor", "doctor --json"),
    "eval": ("eval --router routers/ours --questions questions.jsonl --outcomes outcomes.parquet",),
    "experts list": ("experts list", "experts list --url http://127.0.0.1:8000 --json"),
    "experts show": ("experts show capitals",),
    "experts add": ("experts add law model=org/law engine.kind=vllm 'skills=[law, contracts]'",),
    "experts edit": (
        "experts edit law engine.max_model_len=8192 --dry-run",
        "experts edit law --unset description",
    ),
    "experts remove": ("experts remove law",),
    "feedback list": ("feedback list",),
    "feedback revert": ("feedback revert fb-1a2b",),
    "fit category": (
        (
            "fit category --questions questions.jsonl --unknown unknown.jsonl "
            "--table routers/before --out routers/ours"
        ),
        "fit category --discover traffic.jsonl --router routers/ours --out proposals",
    ),
    "fit neighbours": (
        (
            "fit neighbours --questions questions.jsonl --outcomes outcomes.jsonl "
            "--table routers/ours --out routers/near"
        ),
    ),
    "fit blend": (
        "fit blend --routers topic,near --questions q.jsonl --outcomes o.jsonl --out routers/blend",
    ),
    "fit cascade": (
        (
            "fit cascade --cheap plurals --cheap logic --strong generalist --quality 0.4 "
            "--questions q.jsonl --outcomes o.jsonl --out routers/cheap"
        ),
    ),
    "fit recall": ("fit recall --questions known.jsonl --out routers/known",),
    "fit map": (
        (
            "fit map --router routers/ours --questions q.jsonl --outcomes o.jsonl "
            "--models experts.yaml --budget num_experts=6 --out routers/map"
        ),
    ),
    "fit task": ("fit task --examples examples.jsonl --outcomes outcomes.jsonl --name fractions",),
    "fit skill": (
        (
            "fit skill --questions questions.jsonl --outcomes outcomes.jsonl --table routers/ours "
            "--out routers/skills"
        ),
    ),
    "generations": ("generations",),
    "import litellm": ("import litellm config.yaml > experts.yaml",),
    "import llama-swap": ("import llama-swap config.yaml --memory-gib 24 > experts.yaml",),
    "init": ("init models", "init org/general org/law --general general --out experts.yaml"),
    "keys create": (
        "keys create ann --term models=auto,math --term budget_day_usd=2 --tag research",
    ),
    "keys list": ("keys list",),
    "keys show": ("keys show key-1a2b",),
    "keys edit": ("keys edit key-1a2b --term budget_day_usd=5",),
    "keys rotate": ("keys rotate key-1a2b --grace-s 3600",),
    "keys revoke": ("keys revoke key-1a2b",),
    "load": ("load capitals", "load capitals --slot local --no-wait"),
    "unload": ("unload capitals",),
    "pin": ("pin capitals",),
    "unpin": ("unpin capitals",),
    "residency": ("residency", "residency --watch"),
    "reload": ("reload",),
    "restart": ("restart gateways",),
    "rollback": ("rollback", "rollback 1"),
    "merge": ("merge french spanish --weights 0.6,0.4 --id both --out merges/both --add",),
    "models pull": ("models pull --all", "models pull capitals"),
    "models verify": ("models verify",),
    "models list": ("models list --json",),
    "models gc": ("models gc --dry-run",),
    "place": ("place --dry-run",),
    "profile": ("profile questions.jsonl --out outcomes.jsonl",),
    "prompts": ("prompts", "prompts judge"),
    "route": ("route 'What is 3 plus 4?' --explain", "route 'What is 3 plus 4?' --json"),
    "schema": ("schema > experts.schema.json",),
    "serve": ("serve", "serve --registry experts.yaml --port 8080 --keys required"),
    "simulate": ("simulate --trace day.jsonl",),
    "trace record": ("trace record --out day.jsonl",),
    "trace make": ("trace make --out day.jsonl zipf",),
    "usage": ("usage --by tag --since 7d", "usage --csv"),
    "version": ("version",),
}
