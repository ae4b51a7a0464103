"""Learning curves: planted shapes, bounds, crossings, the luck of training, how often the band holds the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.special import ndtri

from tunewright.statistics.arrays import FloatArray
from tunewright.statistics.curve_families import FAMILIES, FamilyName, fit_family
from tunewright.statistics.learning_curve import LearningCurve, Repeat, _by_share, _shares, learning_curve
from tunewright.statistics.training_noise import mean_noise, training_noise

SIZES = np.array([50.0, 100, 200, 400, 800])
ONES = np.ones(5)
Truth = Callable[[float], float]


def pow3(n: float) -> float:
    return float(0.9 - 0.8 * n**-0.35)


TRUTHS: dict[str, Truth] = {
    "pow3": pow3,
    "log_linear": lambda n: 0.4 + 0.06 * float(np.log(n)),
    "pow4": lambda n: 0.95 - 8 * (n + 60) ** -0.6,
    "flat": lambda n: 0.7,
    "falling": lambda n: 0.8 - 0.02 * float(np.log2(n / 30)),
}


def exact(truth: Truth) -> FloatArray:
    return np.array([[truth(float(n)) for n in SIZES]])


def simulated(
    truth: Truth,
    rng: np.random.Generator,
    *,
    sizes: FloatArray = SIZES,
    repeats: int = 3,
    rows: int = 120,
    seed_sd: float = 0.01,
    subset: float = 0.2,
    simple: float | None = None,
) -> list[Repeat]:
    """Rows that are hard for all sizes alike, and trainings that are lucky or not; ``simple`` is the line's score."""
    found = []
    for fold in range(repeats):
        hard = rng.normal(size=rows)

        def right(score: float, hard: FloatArray = hard) -> FloatArray:
            draw = 0.8 * hard + 0.6 * rng.normal(size=rows)
            return np.asarray(draw < ndtri(np.clip(score, 0.001, 0.999)), dtype=np.float64)

        columns = [right(truth(float(n)) + rng.normal(0, np.hypot(seed_sd, subset / np.sqrt(n)))) for n in sizes]
        found.append(Repeat(np.array(columns), None if simple is None else right(simple), fold=fold))
    return found


# Shapes


def test_the_reference_power_law_is_recovered() -> None:
    scores = exact(pow3)
    np.testing.assert_allclose(scores[0], [0.6966, 0.7404, 0.7748, 0.8017, 0.8229], atol=5e-5)
    fit = fit_family("pow3", SIZES, scores, ONES, zooms=30)
    found = fit.parameters()
    assert found == {"a": pytest.approx(0.9), "b": pytest.approx(0.8), "c": pytest.approx(0.35)}
    n_for_85 = ((found["a"] - 0.85) / found["b"]) ** (-1 / found["c"])
    assert n_for_85 == pytest.approx(2756.4, abs=0.1)
    assert fit.at(np.array([2756.4]))[0, 0] == pytest.approx(0.85, abs=1e-5)


def test_a_planted_exponential_is_recovered() -> None:
    scores = 0.85 - 0.4 * np.exp(-SIZES / 150)
    found = fit_family("exponential", SIZES, scores[None], ONES, zooms=30).parameters()
    assert found == {"a": pytest.approx(0.85), "b": pytest.approx(0.4), "c": pytest.approx(1 / 150)}


def test_a_planted_logarithm_and_a_shifted_power_are_recovered() -> None:
    found = fit_family("log_linear", SIZES, exact(TRUTHS["log_linear"]), ONES).parameters()
    assert found == {"a": pytest.approx(0.4), "b": pytest.approx(0.06)}
    fit = fit_family("pow4", SIZES, exact(TRUTHS["pow4"]), ONES, zooms=30)
    ahead = np.array([1600.0, 3200.0])
    np.testing.assert_allclose(fit.at(ahead)[0], [TRUTHS["pow4"](float(n)) for n in ahead], atol=2e-3)


@pytest.mark.parametrize("family", ["pow3", "exponential"])
def test_the_search_is_no_worse_than_a_general_solver(family: FamilyName) -> None:
    """The slow twin: least squares by scipy, bounded alike, from several starts."""
    rng = np.random.default_rng(5)
    scores = np.clip(exact(pow3) + rng.normal(0, 0.03, (12, 5)), 0, 1)
    weights = 1 / np.array([4.0, 3, 2, 1.5, 1])
    fits = fit_family(family, SIZES, scores, weights, zooms=12)
    ours = ((fits.at(SIZES) - scores) ** 2) @ weights
    x = SIZES / SIZES[-1]
    low, high = (0.01, 2.0) if family == "pow3" else (1.0, 3.0 * 16)
    for row, y in enumerate(scores):

        def residuals(p: FloatArray, y: FloatArray = y) -> FloatArray:
            z = x ** -p[2] if family == "pow3" else np.exp(-p[2] * x)
            return np.asarray((p[0] - p[1] * z - y) * np.sqrt(weights))

        solved = [
            least_squares(residuals, [0.8, 0.1, c], bounds=([-5, 0, low], [1, 50, high])).cost * 2
            for c in (1.5 * low, (low * high) ** 0.5, 0.7 * high)
        ]
        assert ours[row] <= min(solved) + 1e-6


def test_no_curve_passes_one_and_only_the_logarithm_falls() -> None:
    steep, falling = np.array([[0.5, 0.65, 0.8, 0.95, 1.0]]), exact(TRUTHS["falling"])
    for family in FAMILIES:
        fit = fit_family(family, SIZES, steep, ONES)
        assert fit.a[0] <= 1
        assert fit.at(np.array([1e4]))[0, 0] <= 1
        down = fit_family(family, SIZES, falling, ONES)
        if family == "log_linear":
            np.testing.assert_allclose(down.at(SIZES), falling, atol=1e-9)
        else:
            np.testing.assert_allclose(down.at(SIZES), falling.mean(), atol=1e-9)


def test_beyond_the_data_no_doubling_gains_more_than_the_last_and_the_logarithm_bends_below_one() -> None:
    """Scores that rise ever faster: every shape would otherwise carry that on, and the logarithm passes 1."""
    steep = np.array([[0.15, 0.17, 0.25, 0.45, 0.75]])
    for family in FAMILIES:
        fit = fit_family(family, SIZES, steep, ONES)
        at = fit.at(np.array([400.0, 800.0, 1600.0, 3200.0]))[0]
        gains = np.diff(at)
        assert gains[1] <= gains[0] + 1e-3, family
        assert gains[2] <= gains[1] + 1e-3, family
        assert at[-1] < 1.0, family
    fit = fit_family("log_linear", SIZES, steep, ONES)
    found, ahead = fit.parameters(), np.array([800.0, 808.0, 3200.0])
    line = found["a"] + found["b"] * np.log(ahead)
    np.testing.assert_allclose(fit.at(ahead)[0, :2], line[:2], atol=1e-4)
    assert fit.at(ahead)[0, 2] < line[2] - 0.05


# The choice and what is told


def flat_rows(scores: FloatArray, rows: int = 2000) -> list[Repeat]:
    """Three repeats with exactly these mean scores at each size."""
    columns = np.array([[row < round(score * rows) for row in range(rows)] for score in scores], dtype=np.float64)
    return [Repeat(columns, fold=fold) for fold in range(3)]


@pytest.mark.parametrize(
    ("chosen", "truth"),
    [("pow3", pow3), ("exponential", lambda n: 0.85 - 0.5 * np.exp(-n / 90)), ("log_linear", TRUTHS["log_linear"])],
)
def test_the_shape_that_foretells_the_largest_size_is_chosen(chosen: FamilyName, truth: Truth) -> None:
    curve = learning_curve(list(SIZES), flat_rows(exact(truth)[0], 10_000), draws=100)
    assert curve.curve.chosen == chosen
    errors = {fit.family: fit.left_out_error for fit in curve.curve.families}
    assert errors[chosen] == min(errors.values())
    assert errors[chosen] < 0.002


def test_nothing_is_said_beyond_four_times_the_data() -> None:
    curve = learning_curve(list(SIZES), flat_rows(exact(pow3)[0]), draws=50)
    assert curve.grid[-1] == 3200
    assert curve.outlook(4.0).n == 3200
    with pytest.raises(KeyError):
        curve.outlook(8.0)


def test_from_few_rows_or_sizes_nothing_is_said_beyond_twice_the_data() -> None:
    few = simulated(pow3, np.random.default_rng(2), rows=60)
    assert learning_curve(list(SIZES), few, draws=50).furthest == 2.0
    sizes = [Repeat(repeat.scores[1:]) for repeat in flat_rows(exact(pow3)[0])]
    curve = learning_curve(list(SIZES[1:]), sizes, draws=50)
    assert curve.furthest == 2.0
    assert curve.grid[-1] == 1600
    with pytest.raises(KeyError):
        curve.outlook(4.0)
    assert learning_curve(list(SIZES), flat_rows(exact(pow3)[0]), draws=50).furthest == 4.0


def test_families_share_the_forecast_by_how_near_they_came() -> None:
    errors = np.array([[0.0, 0.0], [0.01, 0.0], [0.2, 0.0], [0.2, 0.0]])
    shares = _shares(errors, 0.01**2)
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    assert shares[0, 0] > shares[1, 0] > 0.3
    assert shares[2, 0] < 1e-6
    np.testing.assert_allclose(shares[:, 1], 0.25)
    counts = np.bincount(_by_share(np.repeat(shares[:, :1], 4000, axis=1), np.random.default_rng(0)), minlength=4)
    np.testing.assert_allclose(counts / 4000, shares[:, 0], atol=0.03)


def test_the_band_is_no_narrower_than_the_forecast_was_wrong_before() -> None:
    """Scores that stood still and then leapt: who saw the first four sizes would have been wrong by 15 points."""
    leap = np.array([0.5, 0.5, 0.5, 0.5, 0.65])
    curve = learning_curve(list(SIZES), flat_rows(leap, 10_000), draws=300)
    low, high = curve.outlook(2.0).band
    # The fourth size was foretold well, the fifth not: 15 / sqrt(2) points, 80 % of a normal spread.
    assert high - low > 0.8 * 2 * 1.28 * 0.15 / np.sqrt(2)
    even = learning_curve(list(SIZES), flat_rows(exact(pow3)[0], 10_000), draws=300).outlook(2.0).band
    assert even[1] - even[0] < 0.05


def test_too_little_is_refused() -> None:
    repeats = flat_rows(exact(pow3)[0])
    with pytest.raises(ValueError, match="sizes"):
        learning_curve(list(SIZES), repeats[:2])
    short = [Repeat(repeat.scores[:3]) for repeat in repeats]
    with pytest.raises(ValueError, match="sizes"):
        learning_curve(list(SIZES[:3]), short)


def test_chances_and_expectation_agree_with_each_other() -> None:
    repeats = simulated(pow3, np.random.default_rng(1), simple=0.8)
    curve = learning_curve(list(SIZES), repeats, draws=400, seed=2)
    look = curve.outlook(2.0, target=curve.outlook(2.0).score)
    assert look.target == pytest.approx(0.5, abs=0.02)
    assert look.band[0] < look.score < look.band[1]
    chances = [curve.outlook(2.0, margin=margin).passes for margin in (-0.2, 0.0, 0.05, 0.3)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == 1.0
    assert chances[-1] == 0.0
    crossing = curve.crossing(0.03)
    assert crossing is not None
    place = curve.drawn_at[4.0]
    assert curve.line_drawn is not None
    assert crossing.chance <= np.mean(curve.curve.drawn[:, place] >= curve.line_drawn + 0.03)


@pytest.mark.parametrize(
    ("line", "outcome"), [(0.60, "is above"), (0.826, "crosses"), (0.99, "does not cross"), (0.855, "may cross")]
)
def test_where_it_crosses(line: float, outcome: str) -> None:
    rng = np.random.default_rng(4)
    repeats = simulated(pow3, rng, rows=6000, seed_sd=0.002, subset=0.02, simple=line)
    crossing = learning_curve(list(SIZES), repeats, draws=200).crossing()
    assert crossing is not None
    assert crossing.outcome == outcome
    if outcome == "crosses":
        low, high = crossing.interval
        assert low <= crossing.n <= high
        # The planted curve is at 0.826 from (0.8 / 0.074) ** (1 / 0.35) = 898 examples on.
        assert low < (0.8 / 0.074) ** (1 / 0.35) < high
    if outcome == "does not cross":
        assert crossing.n == np.inf
        assert crossing.chance <= 0.1


def test_a_curve_that_falls_below_the_line_has_not_crossed_it() -> None:
    repeats = simulated(TRUTHS["falling"], np.random.default_rng(3), rows=4000, seed_sd=0.001, subset=0.01, simple=0.75)
    curve = learning_curve(list(SIZES), repeats, draws=300)
    assert curve.curve.means[0] > 0.75 > curve.curve.means[-1]
    crossing = curve.crossing()
    assert crossing is not None
    assert crossing.outcome == "does not cross"


def test_the_line_is_compared_on_the_same_rows() -> None:
    """Rows that are hard for both cancel: the gain is known better than its two parts."""
    repeats = simulated(pow3, np.random.default_rng(8), seed_sd=0, subset=0, simple=0.8)
    alike = [replace(repeat, simple=repeat.scores[-1]) for repeat in repeats]
    curve = learning_curve(list(SIZES), alike, draws=400)
    found, line = curve.gain(), curve.line_interval()
    assert found is not None
    assert line is not None
    gain, (low, high) = found
    assert abs(gain) < 0.02
    assert high - low < line[1] - line[0]


def test_groups_widen_the_band() -> None:
    repeats = simulated(pow3, np.random.default_rng(9), rows=100)
    copied = [Repeat(np.repeat(r.scores, 6, axis=1), fold=r.fold) for r in repeats]
    grouped = [replace(r, groups=np.repeat(np.arange(100), 6)) for r in copied]

    def width(given: list[Repeat]) -> float:
        low, high = learning_curve(list(SIZES), given, draws=400).curve.intervals[-1]
        return float(high - low)

    assert width(grouped) > 1.5 * width(copied)
    assert width(grouped) == pytest.approx(width(repeats), rel=0.25)


def test_the_simpler_systems_own_curve_is_followed() -> None:
    rng = np.random.default_rng(10)
    repeats = simulated(pow3, rng, rows=3000, seed_sd=0.002, subset=0.02, simple=pow3(800) + 0.01)
    own = simulated(lambda n: pow3(n) + 0.01, rng, rows=3000, seed_sd=0.002, subset=0.02)
    both = [replace(r, own=o.scores) for r, o in zip(repeats, own, strict=True)]
    look = learning_curve(list(SIZES), both, draws=300).outlook(4.0)
    assert look.passes is not None
    assert look.passes_own is not None
    # It passes the line of today, which is no reason to pass a system that learns from as many examples.
    assert look.passes > 0.8
    assert look.passes_own < look.passes - 0.1


def test_equal_input_gives_equal_curves() -> None:
    def drawn(seed: int) -> LearningCurve:
        return learning_curve(
            list(SIZES), simulated(pow3, np.random.default_rng(2)), draws=60, seed=seed, overlap=[0.1] * 5
        )

    assert np.array_equal(drawn(1).curve.drawn, drawn(1).curve.drawn)
    assert not np.array_equal(drawn(1).curve.drawn, drawn(2).curve.drawn)


# The luck of training


def test_training_noise_is_recovered_on_average() -> None:
    rng, floors, slopes = np.random.default_rng(0), [], []
    for _ in range(400):
        by_seed = 0.7 + rng.normal(size=(4, 1)) * 0.05 + rng.normal(size=(4, 5)) * np.sqrt(0.0001 + 0.05 / SIZES)
        noise = training_noise(SIZES, by_seed, np.broadcast_to(by_seed, (2, 4, 5)), np.zeros(5))
        floors.append(noise.floor)
        slopes.append(noise.slope)
    for n in SIZES:
        # Neither part can be below nothing, which makes the sum rather too large than too small.
        found, truth = np.mean(floors) + np.mean(slopes) / n, 0.0001 + 0.05 / n
        assert 0.9 * truth < found < 1.4 * truth


def test_a_shift_of_a_whole_repeat_is_no_training_noise() -> None:
    by_seed = np.array([[0.6], [0.7], [0.8]]) + np.linspace(0, 0.2, 5)
    noise = training_noise(SIZES, by_seed, np.broadcast_to(by_seed, (2, 3, 5)), np.zeros(5))
    assert noise.floor == pytest.approx(0, abs=1e-12)
    assert noise.slope == pytest.approx(0, abs=1e-9)


def test_repeats_on_nearly_the_same_rows_show_too_little_and_are_not_believed() -> None:
    rng, overlap = np.random.default_rng(1), np.array([0.05, 0.1, 0.2, 0.4, 0.75])

    def variance(by_seed: FloatArray, overlap: FloatArray) -> float:
        noise = training_noise(SIZES, by_seed, np.broadcast_to(by_seed, (2, 3, 5)), overlap)
        return float(mean_noise(noise, SIZES, overlap, 3, 500, rng)[:, -1].var())

    # Luck of the subset alone, of which two repeats have a share in common: the mean of three keeps it.
    share, sd = np.sqrt(overlap), np.sqrt(0.2 / SIZES)
    told, naive = [], []
    for _ in range(100):
        common, single = rng.normal(size=5), rng.normal(size=(3, 5))
        by_seed = 0.7 + sd * (share * common + np.sqrt(1 - overlap) * single)
        told.append(variance(by_seed, overlap))
        naive.append(variance(by_seed, np.zeros(5)))
    truth = 0.2 / 800 * (1 / 3 + 2 / 3 * 0.75)
    # The spread is itself uncertain: eight differences widen what is drawn by 8 / (8 - 2).
    assert np.mean(naive) * 6 / 8 < 0.7 * truth
    assert np.mean(told) * 6 / 8 > 0.75 * truth


# How often the band holds the truth


def coverage(
    truth: Truth, times: int, *, draws: int = 200, seed: int = 0, seed_sd: float = 0.01, subset: float = 0.2
) -> dict[float, float]:
    """Share of simulated studies whose 80 % band holds the planted curve, at 1, 2 and 4 times the data."""
    rng, sizes = np.random.default_rng(seed), np.array([30.0, 60, 120, 240, 480])
    held = dict.fromkeys((1.0, 2.0, 4.0), 0)
    for number in range(times):
        repeats = simulated(truth, rng, sizes=sizes, seed_sd=seed_sd, subset=subset)
        curve = learning_curve(list(sizes), repeats, draws=draws, seed=number)
        for multiple in held:
            low, high = curve.outlook(multiple).band
            held[multiple] += low <= min(truth(480 * multiple), 1.0) <= high
    return {multiple: count / times for multiple, count in held.items()}


@pytest.mark.parametrize("name", ["pow3", "flat"])
def test_the_band_holds_the_truth_about_as_often_as_it_says(name: str) -> None:
    # Of 40 studies with a true coverage of 0.8, fewer than 26 hold it once in a hundred.
    assert min(coverage(TRUTHS[name], 40, draws=120).values()) >= 26 / 40


@pytest.mark.nightly
@pytest.mark.parametrize("name", sorted(TRUTHS))
@pytest.mark.parametrize(("seed_sd", "subset"), [(0.0, 0.0), (0.01, 0.2), (0.02, 0.6)])
def test_coverage_at_length(name: str, seed_sd: float, subset: float) -> None:
    found = coverage(TRUTHS[name], 300, draws=400, seed=7, seed_sd=seed_sd, subset=subset)
    assert min(found.values()) >= 0.74, found


@pytest.mark.nightly
def test_a_curve_that_bends_just_beyond_the_data_is_not_foreseen() -> None:
    """The limit that docs/learning-curve.md names: scores that rise evenly and then stop fool every shape."""
    found = coverage(lambda n: 0.85 - 0.4 * float(np.exp(-n / 150)), 200, draws=300)
    assert found[1.0] >= 0.74
    assert found[4.0] < 0.7
