"""Random worlds in which the truth is known, for measuring how often the whole decision errs.

Three kinds: tables of independent 0/1 cases, whose decisions are enumerated exactly; rows in groups; and cross-fitted
answers of two real learning procedures. ``decision_grid.py`` runs them at length, the tests briefly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, xlogy
from sklearn.tree import DecisionTreeClassifier

from tunewright.decision.headline import headlines_of_counts
from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.statistics.arrays import FloatArray, IntArray

UNLIKELY = 1e-16  # tables less likely than this are left out: together less than 1e-10
Procedure = Callable[[FloatArray, IntArray, FloatArray, np.random.Generator], IntArray]


def enumerated_shares(
    n: int, pi_d: float, gain: float, *, margin: float, rewarded: bool = False, alpha: float = 0.025
) -> FloatArray:
    """Exact probability of each headline (SHIP_FINE_TUNE, KEEP_SIMPLER, NOT_PROVEN), float64[3].

    ``n`` independent cases, of which a share ``pi_d`` differ, with the true gain given; one baseline.
    """
    spread = 8 * np.sqrt(n * pi_d * (1 - pi_d)) + 8
    most = min(n, int(n * pi_d + spread))
    b, c = (x.ravel() for x in np.meshgrid(np.arange(most + 1.0), np.arange(most + 1.0), indexing="ij"))
    inside = b + c <= most
    b, c = b[inside], c[inside]
    fixed, broken = (pi_d + gain) / 2, (pi_d - gain) / 2
    log = gammaln(n + 1) - gammaln(b + 1) - gammaln(c + 1) - gammaln(n - b - c + 1)
    weight = np.exp(log + xlogy(b, fixed) + xlogy(c, broken) + xlogy(n - b - c, 1 - pi_d))
    likely = weight > UNLIKELY
    codes = headlines_of_counts(b[likely], c[likely], n, margin=margin, alpha=alpha, rewarded=rewarded)
    return np.asarray(np.bincount(codes, weights=weight[likely], minlength=3), dtype=np.float64)


def two_systems(first: FloatArray, second: FloatArray, **fields: object) -> DecisionInputs:
    """The candidate ``tuned`` with scores ``first`` against the baseline ``simple`` with ``second``."""
    systems = (
        SystemScores(name="simple", role="baseline", simplicity=1, scores=second, exhausted=True),
        SystemScores(name="tuned", role="candidate", simplicity=9, scores=first, exhausted=True),
    )
    return DecisionInputs(systems=systems, candidate="tuned", **fields)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Groups:
    """Groups of rows: how many, how uneven (0 equal, 1 geometric, 2 heavy-tailed), and how alike their rows are."""

    count: int
    unevenness: int
    correlation: float

    def sizes(self, generator: np.random.Generator) -> IntArray:
        if self.unevenness == 0:
            return np.full(self.count, 5)
        if self.unevenness == 1:
            return 1 + generator.geometric(0.2, size=self.count)
        return np.maximum(1, np.rint(np.exp(generator.normal(1.0, 1.2, size=self.count)))).astype(np.int64)


def grouped_gains(
    world: Groups, pi_d: float, gain: float, generator: np.random.Generator
) -> tuple[FloatArray, IntArray]:
    """Gains -1, 0, 1 whose shares vary between groups (Dirichlet-multinomial), and the group of each row."""
    sizes = world.sizes(generator)
    mean = np.array([(pi_d + gain) / 2, (pi_d - gain) / 2, 1 - pi_d])
    shares = generator.dirichlet(np.maximum(mean * (1 / world.correlation - 1), 1e-9), size=world.count)
    return _rows(sizes, generator.multinomial(sizes, shares))


def lopsided_gains(world: Groups, generator: np.random.Generator) -> tuple[FloatArray, IntArray]:
    """No gain on average, but unfairly so: a tenth of the groups lose 45 % of their rows, the others win 5 %."""
    sizes = world.sizes(generator)
    unlucky = generator.random(world.count) < 0.1
    broken = generator.binomial(sizes, np.where(unlucky, 0.45, 0.0))
    fixed = generator.binomial(sizes, np.where(unlucky, 0.0, 0.05))
    return _rows(sizes, np.stack([fixed, broken, sizes - fixed - broken], axis=1))


def _rows(sizes: IntArray, counts: IntArray) -> tuple[FloatArray, IntArray]:
    gains = np.concatenate([np.repeat([1.0, -1.0, 0.0], row) for row in counts])
    return gains, np.repeat(np.arange(len(sizes)), sizes)


def scores_of(gains: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scores of two systems with these gains; cases alike are right for both."""
    return (gains >= 0).astype(np.float64), (gains <= 0).astype(np.float64)


def ridge(train: FloatArray, labels: IntArray, test: FloatArray, _: np.random.Generator) -> IntArray:
    """A linear classifier: the stable end of what people use."""
    rows = np.c_[train, np.ones(len(train))]
    weights = np.linalg.solve(rows.T @ rows + np.eye(rows.shape[1]), rows.T @ (2 * labels - 1))
    return np.asarray(np.c_[test, np.ones(len(test))] @ weights > 0, dtype=np.int64)


def nearest(neighbours: int) -> Procedure:
    """k nearest neighbours: the unstable end, and near to what retrieval does."""

    def answer(train: FloatArray, labels: IntArray, test: FloatArray, _: np.random.Generator) -> IntArray:
        distance = (test**2).sum(1)[:, None] - 2 * test @ train.T + (train**2).sum(1)
        near = np.argpartition(distance, neighbours, axis=1)[:, :neighbours]
        return np.asarray(labels[near].mean(axis=1) > 0.5, dtype=np.int64)

    return answer


def full_tree(train: FloatArray, labels: IntArray, test: FloatArray, generator: np.random.Generator) -> IntArray:
    """A decision tree grown until it fits."""
    tree = DecisionTreeClassifier(random_state=int(generator.integers(2**31)))
    return np.asarray(tree.fit(train, labels).predict(test), dtype=np.int64)


def small_net(train: FloatArray, labels: IntArray, test: FloatArray, generator: np.random.Generator) -> IntArray:
    """One hidden layer, random start, trained by momentum until it nearly fits: a stand-in for a fine-tune."""
    rows, signs = np.c_[train, np.ones(len(train))], 2.0 * labels - 1
    hidden = generator.normal(size=(rows.shape[1], 32)) / np.sqrt(rows.shape[1])
    output = generator.normal(size=32) / np.sqrt(32)
    hidden_speed, output_speed = np.zeros_like(hidden), np.zeros_like(output)
    for _ in range(200):
        active = np.maximum(rows @ hidden, 0)
        pull = -signs / (1 + np.exp(np.clip(signs * (active @ output), -30, 30))) / len(signs)
        hidden_speed = 0.9 * hidden_speed + rows.T @ ((pull[:, None] * output) * (active > 0))
        output_speed = 0.9 * output_speed + active.T @ pull
        hidden, output = hidden - 0.5 * hidden_speed, output - 0.5 * output_speed
    return np.asarray(np.maximum(np.c_[test, np.ones(len(test))] @ hidden, 0) @ output > 0, dtype=np.int64)


def lucky(spread: float) -> Procedure:
    """Ridge whose every training adds a random share of errors, normal with this spread: luck of the seed."""

    def answer(train: FloatArray, labels: IntArray, test: FloatArray, generator: np.random.Generator) -> IntArray:
        answers = ridge(train, labels, test, generator)
        harm = min(abs(generator.normal(0, spread)), 0.5)
        return np.where(generator.random(len(test)) < harm, 1 - answers, answers)

    return answer


def collapsing(chance: float) -> Procedure:
    """Ridge that now and then learns nothing and answers the majority."""

    def answer(train: FloatArray, labels: IntArray, test: FloatArray, generator: np.random.Generator) -> IntArray:
        if generator.random() < chance:
            return np.full(len(test), int(labels.mean() > 0.5))
        return ridge(train, labels, test, generator)

    return answer


PROCEDURES: dict[str, Procedure] = {
    "ridge": ridge,
    "full decision trees": full_tree,
    "small nets": small_net,
    "1 nearest neighbour": nearest(1),
    "3 nearest neighbours": nearest(3),
    "7 nearest neighbours": nearest(7),
    "ridge, luck of training 1 point": lucky(0.0167),
    "ridge, luck of training 3 points": lucky(0.05),
    "ridge, 1 training in 10 collapses": collapsing(0.1),
}


def cross_fitted_scores(
    procedure: Procedure, n: int, generator: np.random.Generator, *, noise: float = 1.0, folds: int = 5
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Out-of-fold scores of one procedure on two noisy views of the same cases, and the fold of each row.

    With ``noise`` 1 the two are exchangeable: neither is better. Less noise makes the first truly better.
    """
    labels = generator.integers(0, 2, n)
    base = generator.normal(size=(n, 8)) + 0.45 * (2 * labels - 1)[:, None]
    first = base + noise * generator.normal(size=base.shape)
    second = base + generator.normal(size=base.shape)
    fold = generator.permutation(np.arange(n) % folds)
    scores = np.zeros((2, n))
    for k in range(folds):
        test = fold == k
        for i, view in enumerate((first, second)):
            answers = procedure(view[~test], labels[~test], view[test], generator)
            scores[i, test] = answers == labels[test]
    return scores[0], scores[1], fold


def tying_baselines(
    n: int, baselines: int, gain: float, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Scores of a candidate, float64[n], and of equally good baselines, float64[baselines, n], on cases alike hard."""
    easiness = (1 - gain) * generator.beta(2.0, 0.6, size=n)
    candidate = (generator.random(n) < easiness + gain).astype(np.float64)
    return candidate, (generator.random((baselines, n)) < easiness).astype(np.float64)
