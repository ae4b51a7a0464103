"""How well wrong labels are found: planted ones by rank, human-checked ones by precision, clean sets by false alarms.

``python benchmarks/label_errors.py --sets banking77/train.jsonl.gz clinc150/train.jsonl.gz --checked label_errors/
--encoder minilm``. Noise: a share of the rows drawn with ``default_rng(0)``; uniform puts any other label, confusable
one of the three nearest classes (means of the encoder's vectors, or of TF-IDF without an encoder). ``--vectors`` keeps
the vectors of a set as a file between runs. Seconds are processor seconds of one thread.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from threadpoolctl import threadpool_limits

from tunewright.audit.checks import label_errors
from tunewright.audit.confident import (
    confident_joint,
    doubt,
    error_chances,
    likely_class,
    mixed_pair,
    noise_flags,
    self_confidence,
)
from tunewright.audit.label_queue import queue_state
from tunewright.audit.out_of_sample import Refusal, features, gate, judged_targets
from tunewright.audit.view import View
from tunewright.data.read import read_table
from tunewright.records.example import Example

RATE = 0.1
TOLERANCES = (1e-3, 3e-3, 1e-2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, nargs="+", default=[])
    parser.add_argument("--checked", type=Path)
    parser.add_argument("--encoder")
    parser.add_argument("--vectors", type=Path)
    given = parser.parse_args()
    with threadpool_limits(limits=1):
        if given.checked:
            checked(given.checked)
        for path in given.sets:
            one_set(path, given.encoder, given.vectors)


def one_set(path: Path, encoder: str | None, kept: Path | None) -> None:
    """Clean, uniform and confusable labels of one file, with vectors and without."""
    examples = read_table(path).examples
    name = path.parent.name
    vectors = _vectors(name, examples, encoder, kept)
    for inputs in ("vectors", "tf-idf") if vectors is not None else ("tf-idf",):
        used = vectors if inputs == "vectors" else None
        for noise in ("clean", "uniform", "confusable"):
            wrong, noisy = _with_noise(examples, noise, vectors)
            view = _view(noisy, used)
            _ = view.prints, view.duplicates
            start = time.process_time()
            judged = judged_targets(view)
            spent = time.process_time() - start
            if isinstance(judged, Refusal):
                print(f"{name} {inputs} {noise}: refused, {judged.because}")
                continue
            doubts = doubt(judged.labels, judged.second, judged.votes)
            flags = int(noise_flags(judged.labels, judged.first, judged.joint).sum())
            likely = likely_class(judged.second, judged.votes)
            own, other = mixed_pair(judged.labels, judged.second, judged.votes)
            clear = int(((likely != judged.labels) & (other - own >= label_errors.LIMITS["clear_lead"])).sum())
            line = f"{name:9} {inputs:8} {noise:10} {spent:5.1f} s, {flags:5} flags, off the diagonal "
            line += f"{judged.joint.errors:6.0f}, clear {clear:5}"
            if noise != "clean":
                truth = wrong[judged.rows]
                right = [judged.names[k] == examples[r].target for k, r in zip(likely, judged.rows, strict=True)]
                found = truth & (likely != judged.labels)
                line += f", AP {average_precision_score(truth, doubts):.3f}, AP self-confidence of the first round "
                line += f"{average_precision_score(truth, -self_confidence(judged.labels, judged.first)):.3f}, "
                line += f"in the queue {found.sum() / truth.sum():.3f}, "
                line += f"suggested label right {np.mean(np.array(right)[found]):.3f}"
            else:
                result = label_errors.run(view, label_errors.LIMITS)
                line += "; " + "; ".join(finding.title for finding in result.findings)
            print(line, flush=True)
    lazy_solver(name, examples, vectors)


def lazy_solver(name: str, examples: Sequence[Example], vectors: Any) -> None:
    """A solver whose tolerance lets it stop before it has begun must be refused."""
    view = _view(examples, vectors)
    inputs, _ = features(view, np.arange(len(view)))
    labels = view.labels[1]
    folds = np.arange(len(view)) % 5
    for tolerance in TOLERANCES:
        chances = np.zeros((len(view), len(view.labels[0])), dtype=np.float32)
        steps = []
        for fold in range(5):
            learn = folds != fold
            model = LogisticRegression(tol=tolerance, max_iter=60).fit(inputs[learn], labels[learn])
            chances[~learn] = model.predict_proba(inputs[~learn])
            steps.append(int(np.max(model.n_iter_)))
        joint = confident_joint(labels, chances)
        # The slope is not told, so that the gate must see it by the probabilities alone.
        refused = gate(labels, chances, np.arange(len(view)), joint, max(min(steps), 1), 0.0)
        flags = int(noise_flags(labels, chances, joint).sum())
        said = refused.because if refused else "not refused"
        line = f"{name} tol={tolerance:g}: {min(steps)} steps, {flags} flags, noise {joint.noise:.3f}: {said}"
        print(line, flush=True)


def checked(folder: Path) -> None:
    """The benchmark that people checked: number of flags, and precision where rows can be matched."""
    for name in ("imdb", "20news"):
        chances = np.load(folder / f"{name}_test_set_pyx.npy").clip(0, 1)
        labels = np.load(folder / f"{name}_test_set_original_labels.npy").astype(np.int64)
        joint = confident_joint(labels, chances)
        flags = noise_flags(labels, chances, joint)
        print(f"{name}: {flags.sum():,} flags, {joint.errors:.0f} off the diagonal")
        queue_bounds(name, labels, chances, json.loads((folder / f"{name}_mturk.json").read_text(encoding="utf-8")))
        answers = json.loads((folder / f"{name}_mturk.json").read_text(encoding="utf-8"))
        wrong = {entry["id"]: entry["mturk"]["given"] < 3 for entry in answers}
        flagged = [int(row) for row in np.flatnonzero(flags) if row in wrong]
        print(
            f"  {len(wrong)} checked, {sum(wrong.values())} wrong; {len(flagged)} of the flags can be matched", end=""
        )
        print(f", {np.mean([wrong[row] for row in flagged]):.3f} of them wrong" if flagged else "")


def queue_bounds(name: str, labels: np.ndarray, chances: np.ndarray, answers: Sequence[dict[str, Any]]) -> None:
    """What the review would have said of the rest after some human answers, where rows can be matched."""
    wrong = {entry["id"]: entry["mturk"]["given"] < 3 for entry in answers if isinstance(entry["id"], int)}
    if not wrong:
        return
    own, other = mixed_pair(labels, chances)
    clear = (likely_class(chances) != labels) & (other - own >= label_errors.LIMITS["clear_lead"])
    doubts = doubt(labels, chances)
    rows = sorted(wrong, key=lambda row: -doubts[row])
    scores = error_chances(doubts, float(clear.sum()))[rows]
    for answered in range(20, len(rows), 20):
        state = queue_state(scores.tolist(), {rank: wrong[row] for rank, row in enumerate(rows[:answered])})
        truth = sum(wrong[row] for row in rows[answered:])
        print(f"  {name} after {answered} answers {state.low} to {state.high}, in truth {truth}")


def _with_noise(examples: Sequence[Example], noise: str, vectors: Any) -> tuple[np.ndarray, tuple[Example, ...]]:
    """Which rows were given a wrong label ``[n]``, and the rows."""
    view = _view(examples, vectors)
    names, labels = view.labels
    random = np.random.default_rng(0)
    wrong = np.zeros(len(labels), dtype=bool)
    if noise == "clean":
        return wrong, tuple(examples)
    rows = random.choice(len(labels), int(RATE * len(labels)), replace=False)
    wrong[rows] = True
    near = _nearest(view, labels, len(names))
    changed = list(examples)
    for row in rows.tolist():
        if noise == "uniform":
            other = int(random.integers(len(names) - 1))
            other += other >= labels[row]
        else:
            other = int(near[labels[row], random.integers(3)])
        changed[row] = changed[row].with_target(names[other])
    return wrong, tuple(changed)


def _nearest(view: View, labels: np.ndarray, classes: int) -> np.ndarray:
    """The three nearest classes of each class, by the means of their inputs."""
    inputs, _ = features(view, np.arange(len(view)))
    means = np.stack([np.asarray(inputs[np.flatnonzero(labels == k)].mean(axis=0)).ravel() for k in range(classes)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    likeness = means @ means.T
    np.fill_diagonal(likeness, -np.inf)
    return np.argsort(-likeness, axis=1)[:, :3]


def _view(examples: Sequence[Example], vectors: Any) -> View:
    return View(tuple(examples), "classify", embed=None if vectors is None else lambda _texts: vectors)


def _vectors(name: str, examples: Sequence[Example], encoder: str | None, kept: Path | None) -> Any:
    file = kept / f"{name}_train.npy" if kept else None
    if file and file.exists():
        return np.load(file)
    if encoder is None:
        return None
    from tunewright.language.encoder import shared_encoder
    from tunewright.language.files import locate

    vectors = shared_encoder(locate(encoder), None).embed([example.text for example in examples])
    if file:
        np.save(file, vectors)
    return vectors


if __name__ == "__main__":
    main()
