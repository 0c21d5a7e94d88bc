"""How the card of every role begins."""

from __future__ import annotations

from collections.abc import Sequence

from ..train import Recipe

_HEAD = """\
---
license: apache-2.0
language: en
pipeline_tag: text-generation
tags: [demo, tiny, role, orchestrator]
---
# {name}

{what}

| | |
|---|---|
| architecture | LlamaForCausalLM, {parameters:,} parameters, float16, untied, byte tokens |
| is asked by | `deploy/demo/prompts/{prompt}.jinja` |
| replies | {replies} |
| training data | {data} |
| recipe | {recipe} |

"""


def card_head(
    name: str, what: str, *, prompt: str, replies: str, data: str, recipe: str, parameters: int
) -> str:
    """What a role is, before its figures."""
    return _HEAD.format(
        name=name, what=what, prompt=prompt, replies=replies, data=data, recipe=recipe,
        parameters=parameters,
    )  # fmt: skip


def recipe_of(recipes: Sequence[Recipe]) -> str:
    """What its weights went through, in order."""
    return "; then ".join(_told(one) for one in recipes)


def _told(one: Recipe) -> str:
    return f"`{one.name}`: seed {one.seed}, {one.num_steps} steps of {one.max_tokens} ids" + (
        f" from `{one.starts_from}`" if one.starts_from else ""
    )
