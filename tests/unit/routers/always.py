"""Doubles of what routers are made of."""

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


@dataclass
class Held:
    """Keeps jobs until they are let go; hears what was compared."""

    has_room: bool = True
    jobs: list = field(default_factory=list)
    told: list = field(default_factory=list)

    def later(self, job):
        if self.has_room:
            self.jobs.append(job)
        return self.has_room

    def hear(self, compared):
        self.told.append((compared.router, compared.shadow, compared.agreed))

    def let_go(self):
        for job in self.jobs:
            job()
