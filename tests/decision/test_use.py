"""What to use: the order of the rule, and that nothing unshown is called as good."""

import dataclasses

import numpy as np
import pytest
from decision_cases import system, tuned, two

from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.decision.levels import ALPHA, look_level
from tunewright.decision.verdict import Decision, decide
from tunewright.statistics.mcnemar import one_sided_exact


def without_candidate(*systems: SystemScores, **fields: object) -> Decision:
    given = {"min_improvement": 0.02} | fields
    return decide(DecisionInputs(systems=systems, **given))  # type: ignore[arg-type]


def test_the_simplest_shown_to_be_within_the_margin_of_every_other() -> None:
    first, second = two(10, 12, 3000)
    decision = without_candidate(
        system("embedding", first, simplicity=4),
        system("tfidf", second, simplicity=2),
        system("majority", np.zeros(3000), simplicity=0),
    )
    assert (decision.use.system, decision.use.reason) == ("tfidf", "simplest-shown")
    assert decision.use.text == (
        "Use tfidf: it is the simplest system shown to be within 2 points of every other simpler system."
    )


def test_not_shown_to_be_worse_is_not_as_good() -> None:
    # 12 against 10 of 300: no difference is shown, but neither is closeness.
    first, second = two(12, 10, 300)
    systems = (system("prompt", first, simplicity=5, validation_score=0.9), system("tfidf", second, simplicity=2))
    decision = without_candidate(*systems, incumbent="prompt")
    assert (decision.use.system, decision.use.reason) == ("prompt", "incumbent")
    assert "no simpler system is shown to be a safe exchange" in decision.use.text


def test_keeping_the_incumbent_because_it_is_the_simplest_shown() -> None:
    first, second = two(10, 12, 3000)
    decision = without_candidate(
        system("rules", first, simplicity=0), system("tfidf", second, simplicity=2), incumbent="rules"
    )
    assert decision.use.text.startswith("Keep rules: it is the simplest system shown")
    assert decision.today_text.startswith("tfidf is not shown to be better than rules")


def test_equally_simple_systems_are_ordered_by_price() -> None:
    first, second = two(10, 12, 3000)
    cheap = system("cheap", first, usd_per_month=1.0)
    decision = without_candidate(system("dear", second, usd_per_month=9.0), system("unpriced", first), cheap)
    assert decision.use.system == "cheap"


def better_than_today(gain: int, validation: float = 0.8, look: int = 1) -> Decision:
    """``embedding`` is best on validation and beats ``rules``, but no baseline is shown to be near the best one."""
    rng = np.random.default_rng(0)
    rules = (rng.random(400) < 0.7).astype(float)
    embedding = rules.copy()
    embedding[np.nonzero(rules == 0)[0][:gain]] = 1.0
    embedding[np.nonzero(rules == 1)[0][:5]] = 0.0
    rival = embedding.copy()
    rival[np.nonzero(embedding == 0)[0][:15]] = 1.0
    rival[np.nonzero(embedding == 1)[0][-15:]] = 0.0
    return without_candidate(
        system("rules", rules, simplicity=0, validation_score=0.7),
        system("embedding", embedding, simplicity=3, validation_score=validation),
        system("rival", rival, simplicity=3, validation_score=0.79),
        incumbent="rules",
        look=look,
    )


def test_at_a_later_look_better_than_today_must_hold_at_its_level() -> None:
    assert look_level(2) < one_sided_exact(18, 5) < ALPHA
    assert better_than_today(18).use.reason == "better-than-today"
    later = better_than_today(18, look=2)
    assert (later.use.system, later.use.reason) == ("rules", "incumbent")
    assert later.today_text.startswith("At a first look embedding would be shown to be better than rules")


def test_better_than_today_is_taken_when_chosen_on_validation() -> None:
    decision = better_than_today(40)
    assert (decision.use.system, decision.use.reason) == ("embedding", "better-than-today")
    assert decision.use.text == "Use embedding: it fixes 40 and breaks 5 of 400 against rules, which you use today."
    assert (
        decision.today_text == "embedding is better than rules, which you use today: it fixes 40 and breaks 5 of 400."
    )


def test_not_shown_better_than_today_keeps_today() -> None:
    decision = better_than_today(8)
    assert (decision.use.system, decision.use.reason) == ("rules", "incumbent")
    assert decision.today_text.startswith("embedding is not shown to be better than rules")


def test_without_an_incumbent_the_best_on_validation_and_it_is_said_to_be_unproven() -> None:
    first, second = two(12, 10, 300)
    decision = without_candidate(
        system("prompt", first, validation_score=0.81), system("tfidf", second, validation_score=0.84)
    )
    assert (decision.use.system, decision.use.reason) == ("tfidf", "best-on-validation")
    assert decision.use.text == "Use tfidf for now: it was best on validation (84 %), which these cases do not prove."
    assert decision.today_text == "You named no system that you use today."


def three(fixed: int, n: int = 400) -> tuple[SystemScores, SystemScores, SystemScores]:
    """``lucky`` is best on validation; ``a`` has ``fixed`` cases more, ``b`` as many more, on other cases."""
    lucky = np.array([1.0] * (n // 2) + [0.0] * (n // 2))
    a, b = lucky.copy(), lucky.copy()
    a[n // 2 : n // 2 + fixed] = 1.0
    b[n // 2 + fixed : n // 2 + 2 * fixed] = 1.0
    return (
        system("lucky", lucky, validation_score=0.9, simplicity=1),
        system("a", a, validation_score=0.8, simplicity=2),
        system("b", b, validation_score=0.8 + 1e-12, simplicity=3),
    )


def test_what_is_shown_to_be_beaten_is_not_recommended_beside_its_better() -> None:
    decision = without_candidate(*three(30))
    # The last bits of a validation score choose nothing: of ``a`` and ``b`` the simpler one.
    assert (decision.use.system, decision.use.reason) == ("a", "best-on-validation")
    assert decision.use.text == (
        "Use a for now, best on validation (80 %) of those that no other is shown to beat here; against lucky, better "
        "there (90 %), a fixes 30 and breaks 0 of 400."
    )


def test_with_every_pair_counted_in_a_little_luck_of_another_changes_nothing() -> None:
    # 6 of 6 differing cases: p = 0.016 for one pair, and three pairs are looked at.
    decision = without_candidate(*three(6), min_improvement=0.0)
    assert (decision.use.system, decision.use.reason) == ("lucky", "best-on-validation")


def test_a_better_system_that_may_not_be_used_beats_nobody() -> None:
    limits = {"a": False, "b": False}
    decision = without_candidate(*three(30), hard_limits_met=limits)
    assert decision.use.system == "lucky"


def test_equal_baselines_rarely_lose_their_pick_on_validation() -> None:
    changed = 0
    for seed in range(200):
        scores = (np.random.default_rng(seed).random((4, 300)) < 0.7).astype(float)
        given = [system(f"s{n}", one, validation_score=0.9 - n / 100) for n, one in enumerate(scores)]
        changed += without_candidate(*given, min_improvement=0.0).use.system != "s0"
    assert changed <= 6  # 3 of its pairs at 0.025 / 6 each: 2.5 of 200 expected at most


def test_without_validation_scores_the_mean_is_named_and_called_no_proof() -> None:
    first, second = two(12, 10, 300)
    decision = without_candidate(system("old", second), system("new", first), regime="answers")
    assert decision.use.system == "new"
    assert "scored highest on these 300 cases" in decision.use.text
    assert "proves nothing yet" in decision.use.text


def test_one_baseline_alone_is_shown_to_be_nothing() -> None:
    decision = without_candidate(system("tfidf", np.ones(300), validation_score=0.9))
    assert decision.use.reason == "best-on-validation"


def test_an_incumbent_that_could_not_be_scored_is_kept() -> None:
    first, second = two(12, 10, 300)
    decision = without_candidate(system("a", first), system("b", second), incumbent="their-api")
    assert (decision.use.system, decision.use.reason) == ("their-api", "incumbent")
    assert decision.today_text == "their-api, which you use today, could not be scored here."
    assert decision.incumbent_comparisons == ()


def test_systems_that_break_a_hard_limit_are_not_recommended() -> None:
    first, second = two(10, 12, 3000)
    systems = (system("tfidf", first, simplicity=1), system("embedding", second, simplicity=2))
    assert without_candidate(*systems).use.system == "tfidf"
    assert without_candidate(*systems, hard_limits_met={"tfidf": False}).use.system == "embedding"
    nobody = without_candidate(*systems, hard_limits_met={"tfidf": False, "embedding": False})
    assert (nobody.use.system, nobody.use.reason) == (None, "none")


@pytest.mark.parametrize("incumbent", ["tfidf", "old-tune"])
def test_the_tune_is_never_recommended_without_proof(incumbent: str) -> None:
    first, second = two(30, 22, 400)
    systems = (
        system("tfidf", second),
        system("old-tune", np.roll(second, 40), role="candidate"),
        tuned(first, validation_score=0.99),
    )
    inputs = DecisionInputs(systems=systems, min_improvement=0.02, candidate="tuned", incumbent=incumbent)
    assert decide(inputs).headline != "SHIP_FINE_TUNE"
    assert decide(inputs).use.system != "tuned"
    assert decide(dataclasses.replace(inputs, candidate=None)).use.system != "tuned"


def test_what_lost_most_of_its_answers_is_not_named_for_now() -> None:
    scores = np.ones(1000)
    scores[432:] = np.nan
    lost = system("prompt:far", scores, simplicity=4, validation_score=0.95)
    known = system("tfidf", np.zeros(1000), simplicity=2, validation_score=0.7)
    decision = decide(DecisionInputs(systems=(lost, known, tuned(np.ones(1000))), min_improvement=0.02))
    assert decision.headline_text.startswith("Cannot judge yet")
    assert decision.use.system == "tfidf"
