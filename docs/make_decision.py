"""Writes docs/decision.md from the decision table in the code, flowchart included, so that they cannot drift apart.

python docs/make_decision.py
"""

from __future__ import annotations

from pathlib import Path

from tunewright.decision.advice_conditions import words
from tunewright.decision.advice_facts import FACTS
from tunewright.decision.advice_questions import QUESTIONS
from tunewright.decision.advice_rule import LEVERS, Rule, Stance, Words
from tunewright.decision.advice_rules_first import FIRST
from tunewright.decision.advice_rules_levers import LEVER_RULES
from tunewright.decision.advice_rules_tuning import TUNING_RULES
from tunewright.decision.table import LIMITS, TABLE

PAGE = Path(__file__).with_name("decision.md")
WORDS = Words()
STANCES: dict[Stance, str] = {"do": "now", "try": "worth trying", "hold": "not yet", "no": "not at all"}
ENDS: dict[Stance, str] = {
    "do": "Use the fine-tune",
    "try": "Compare a fine-tune",
    "hold": "Not yet",
    "no": "Do not fine-tune",
}
PARTS = (
    ("Can it be measured, are the examples sound, is it solved already?", FIRST),
    ("What is missing, what was tried, what kind of job is it?", LEVER_RULES),
    ("Fine-tuning itself: examples, money, and what the last run proved", TUNING_RULES),
)
HEAD = f"""# The decision table

`tunewright advise` answers from this table: before there is data, after an audit and after a run. `tunewright plan`
says from it what the number of examples alone decides. There are {len(TABLE)} rules, read from top to bottom.

- A lever (a prompt, retrieval, a fine-tune, ...) is decided by the **first rule that says "now", "not yet" or "not at
  all"** about it. "Worth trying" holds where no rule forbids.
- **What is unknown is unknown, never "no".** A rule that turns on an unknown fact is silent, and the advice names the
  fact and how to find it out.
- **Evidence outranks words.** A run is believed before an audit, an audit before the project file, and that before an
  answer.
- Every number is a threshold of yours to change, in `thresholds.yaml`: `advice: {{fewest_rows: 80}}`.
- Advice predicts, a verdict measures. Once a run says that the fine-tune wins, no prediction speaks against it; only
  objections to the evidence itself do (personal data, wrong labels, too few cases, failed gates). How often the
  predictions are right nobody has measured; where a rule rests on our judgement alone, its source says so.

This page is made by `python docs/make_decision.py`.
"""


def text() -> str:
    """The whole page."""
    return "\n".join(
        [HEAD, _flowchart(), *(_part(title, rules) for title, rules in PARTS), _limits(), _facts(), _asked()]
    )


def _flowchart() -> str:
    """The way to an answer about the fine-tune: rules that decide, then those that call it a candidate."""
    lines = [
        "## The way to a fine-tune",
        "",
        "Only the rules that speak about the fine-tune; an unknown fact goes on downwards.",
        "",
        "```mermaid",
        "flowchart TD",
    ]
    ordered = _speaking(("do", "hold", "no")) + _speaking(("try",))
    for number, (rule, stance) in enumerate(ordered):
        following = f"r{number + 1}" if number + 1 < len(ordered) else "last"
        lines.append(f'    r{number}{{"{rule.title}?"}} -- yes --> e{number}(["{ENDS[stance]}"])')
        lines.append(f"    r{number} -- no --> {following}")
    lines += ['    last(["Not yet: nothing speaks for it"])', "```", ""]
    return "\n".join(lines)


def _speaking(stances: tuple[Stance, ...]) -> list[tuple[Rule, Stance]]:
    found = [(rule, says) for rule in TABLE for says in rule.says if says.lever == "fine_tune"]
    return [(rule, says.stance) for rule, says in found if says.stance in stances and rule.id != "otherwise"]


def _part(title: str, rules: tuple[Rule, ...]) -> str:
    lines = [f"## {title}", ""]
    for rule in rules:
        lines += [f"### {rule.title}", "", f"`{rule.id}`: fires where **{_plain(words(rule.condition, LIMITS))}**.", ""]
        lines += [f"- {LEVERS[says.lever]}: *{STANCES[says.stance]}*. {_plain(says.text)}" for says in rule.says]
        lines += [f"- What would change it: {_plain(rule.would_change)}", f"- Source: {rule.source}", ""]
    return "\n".join(lines)


def _plain(sentence: str) -> str:
    """Thresholds by their value, facts by their name in angle brackets."""
    for name, value in LIMITS.items():
        share = name.endswith(("_share", "_recall"))
        sentence = sentence.replace(f"{{{name}}}", f"{100 * value:g} %" if share else f"{value:g}")
    for name in FACTS:
        sentence = sentence.replace(f"{{{name}}}", f"*[{FACTS[name].words}]*")
    return sentence


def _limits() -> str:
    lines = ["## Thresholds", "", "| name | default | used by |", "|---|---|---|"]
    for name, value in LIMITS.items():
        users = [f"`{rule.id}`" for rule in TABLE if name in _names(rule)] or ["facts that follow from others"]
        lines.append(f"| `{name}` | {value:g} | {', '.join(users)} |")
    return "\n".join([*lines, ""])


def _names(rule: Rule) -> str:
    return repr(rule.condition) + rule.would_change + "".join(says.text for says in rule.says)


def _facts() -> str:
    lines = [
        "## Facts",
        "",
        "Each can be stated by name, in `advice.yaml` or with `--answer NAME=VALUE`, save what only a run knows.",
        "",
        "| name | what it is | unit | how to find it out |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {kind.words} | {kind.unit} | {WORDS.command(kind.find_out)} |" for name, kind in FACTS.items()
    ]
    return "\n".join([*lines, ""])


def _asked() -> str:
    lines = ["## Questions before there is data", "", "| name | question | why | for example |", "|---|---|---|---|"]
    lines += [f"| `{q.id}` | {q.text} | {q.why} | {q.form} |" for q in QUESTIONS]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
