"""Reproduces the demo's router: composes its questions and fits the artifact.

python -m deploy.demo.routing OUT_FOLDER
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from routers.fit import fit_router
from routers.mapping import namesake_quality
from routers.questions import load_questions, load_unknown
from routers.training import training_set

from .compose import write_questions

with TemporaryDirectory() as scratch:
    questions = Path(scratch)
    write_questions(questions)
    known = load_questions([questions / "questions.jsonl"])
    data = training_set(known, load_unknown([questions / "unknown.jsonl"]))
fitted = fit_router(data, Path(sys.argv[1]), quality=namesake_quality(data.categories))
for name, head in fitted.heads.items():
    print(name, head.metrics)
