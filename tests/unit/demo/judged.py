"""Questions with candidates for the tests of the roles that judge them."""

from deploy.demo.training.roles.sampled import Bank, Sampled


def sampled(answer="Paris", own=("Paris", "Lyon"), accept=(), skill="capitals", **others):
    return Sampled(
        skill=skill,
        question=f"Where does {answer} lie?",
        answer=answer,
        accept=accept,
        own=own * (12 // len(own)),
        others=others or {"sums": "42", "french": "chien", "roman": "XIV", "logic": "true"},
    )


def bank():
    """Three questions, of which the last is never answered wrong, and one nobody was asked."""
    return Bank(
        [sampled(), sampled("Oslo", ("Oslo", "Olso", "Rome")), sampled("Bern", ("Bern",))],
        fresh=lambda rng: rng.choice([sampled("Riga"), sampled("Lima")]),
    )
