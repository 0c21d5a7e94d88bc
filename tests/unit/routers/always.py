"""A router that chooses what it is told to."""

from dataclasses import dataclass, field

from routers.base import Route, RouterError


@dataclass(frozen=True)
class Always:
    """Chooses one expert, if it may; remembers what it was asked."""

    expert: str
    is_slow: bool = False
    asked: list = field(default_factory=list, compare=False)

    @property
    def version(self):
        return f"always-{self.expert}"

    def route(self, prompts):
        self.asked.extend(prompts.texts)
        if self.expert not in prompts.candidates:
            raise RouterError(f"{self.expert} is no candidate")
        return [Route(chosen=(self.expert,), scores={self.expert: 1.0}) for _ in prompts.texts]
