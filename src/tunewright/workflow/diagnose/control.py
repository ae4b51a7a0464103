"""What chance alone fixes: the diagnosed system once more, learned from nine tenths of its rows.

A lever that fixes no more errors than this one has only dealt the doubtful cases anew. Asked of systems that learn in
seconds; what does not learn from rows answers the same again and needs no control.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tunewright.workflow.diagnose.bench import Bench, Found, scores_of
from tunewright.workflow.study import Part

ID, TITLE = "chance", "the same again, from 9 rows in 10"
KEPT_SHARE = 0.9
MOST_SECONDS = 60.0
LEARNS = ("tfidf", "embedding", "majority", "retrieval", "finetune")


def control(bench: Bench) -> Found:
    """The control, or why there is none."""
    what = f"{bench.system} learns from a random nine tenths of its rows: what it fixes, it fixes by chance"
    seconds = bench.answered[bench.system].seconds
    if bench.contestant.entry.kind not in LEARNS:
        return Found(ID, TITLE, what, reason=f"{bench.system} learns nothing from rows and would answer the same")
    if seconds > MOST_SECONDS:
        return Found(ID, TITLE, what, reason=f"fitting {bench.system} took {seconds:.0f} s; the control would again")
    thinned = [_thinned(part, bench.study.settings.seed + number) for number, part in enumerate(bench.parts)]
    answers = bench.asker.answers(bench.contestant, thinned)
    if answers.reason is not None:
        return Found(ID, TITLE, what, reason=answers.reason)
    texts = tuple(row.answer for row in answers.rows)
    return Found(ID, TITLE, what, scores=scores_of(answers.rows), of=bench.system, answers=texts)


def _thinned(part: Part, seed: int) -> Part:
    rows = np.random.default_rng(seed).permutation(np.array(part.train))
    return replace(part, train=tuple(sorted(rows[: max(1, int(KEPT_SHARE * len(rows)))].tolist())))
