"""The details of a verdict on recorded scores in plain lines, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from tunewright.decision.wording import count, percent, points
from tunewright.workflow.recorded.verdict_details import Details

MOST_SLICES = 12
MOST_TAGS = 8
_AMOUNTS = {"usd": "Dollars"}


def detail_lines(details: Details) -> list[str]:
    """One line per fact, the ones that most change a decision first."""
    return [
        f"Metric: {details.metric} ({', '.join(dict.fromkeys(details.formats))}).",
        *_judge(details),
        *_candidates(details),
        *_ratios(details),
        *_slices(details),
        *_preference(details),
        *_repetitions(details),
        *_any_time(details),
    ]


def _judge(details: Details) -> Iterator[str]:
    judge = details.judge
    if judge is None:
        return
    yield (
        f"Judge: agrees with people well enough ({count(judge.labels, 'label')})."
        if judge.admitted
        else f"Judge: not to be believed; {'; '.join(judge.reasons)}."
    )
    if judge.gain is not None and judge.interval is not None:
        yield f"Judge and people together: {_signed(judge.gain)} ({_between(judge.interval)})."


def _candidates(details: Details) -> Iterator[str]:
    for one in details.candidates:
        shown = "better, also counting how many were tried" if one.proven else "not shown to be better"
        gain = f"{_signed(one.gain)} ({_between(one.interval)})"
        share = "" if one.reachable is None else f"; {percent(one.reachable)} of the gain to the best"
        yield f"Candidate {one.system}: {gain}, Holm p {one.p_holm:.2g}: {shown}{share}."


def _ratios(details: Details) -> Iterator[str]:
    for one in details.ratios:
        if one.ratio is not None and not one.interval[0] == one.interval[1] == 1.0:
            high = "no limit" if one.interval[1] is None else f"{one.interval[1]:.2f}"
            amount = _AMOUNTS.get(one.amount, one.amount.capitalize())
            figure = "" if one.figure == "mean" else f" ({one.figure})"
            yield f"{amount}{figure}: {one.ratio:.2f} times the old ({one.interval[0]:.2f} to {high})."


def _slices(details: Details) -> Iterator[str]:
    for one in details.slices[:MOST_SLICES]:
        said = {"better": ", better", "worse": ", WORSE", None: ""}[one.flag]
        few = ", too few to judge" if one.p is None else ""
        cases = count(one.n, "case")
        yield f"{one.tag} = {one.value}: {_signed(one.gain)} in {cases} ({_between(one.interval)}){said}{few}."
    if len(details.slices) > MOST_SLICES:
        yield f"... and {len(details.slices) - MOST_SLICES} more slices (--json shows all)."
    if not details.slices and details.tags:
        yield f"Kinds of cases to look at (--slice NAME): {', '.join(details.tags[:MOST_TAGS])}."


def _preference(details: Details) -> Iterator[str]:
    for one in details.preference:
        order = "" if one.flip_rate is None else f" The order decided {percent(one.flip_rate)} of the cases."
        yield f"{one.system} wins {one.wins}, ties {one.ties}, loses {one.losses} (sign test p {one.p:.2g}).{order}"


def _repetitions(details: Details) -> Iterator[str]:
    for one in details.repetitions:
        yield (
            f"{one.system} answered each case {one.repetitions:g} times; {percent(one.noise_share)} of the spread of "
            "one answer is its own changing mind. Each case counts once, by its mean."
        )


def _any_time(details: Details) -> Iterator[str]:
    if details.any_time is not None:
        e_value = details.any_time.e_value
        evidence = "" if e_value is None else f"; evidence {e_value:.3g}, {details.any_time.proof:,.0f} is proof"
        yield f"At every look as cases are added: between {_between(details.any_time.interval)}{evidence}."


def _signed(gain: float) -> str:
    return ("+" if gain > 0 else "-" if gain < 0 else "") + points(gain)


def _between(interval: tuple[float, float]) -> str:
    return f"{100 * interval[0]:+.1f} to {100 * interval[1]:+.1f}"
