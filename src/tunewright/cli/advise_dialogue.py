"""The short conversation before there is data: one question at a time, with its reason. Enter means: I do not know.

Answers are whole lines, so a pipe can give them; when it ends, the rest is unknown. Called by ``advise``.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.cli.dialogue import Terminal, printable
from tunewright.decision.advice_job import read_job
from tunewright.decision.advice_questions import QUESTIONS, Question, read_answer

KEYS = "Enter: I do not know. u: back. ?: what is meant. -: forget an answer. q: enough, answer with what you know."
BACK = ("u", "undo", "back")
STOP = ("q", "quit")


def ask(known: Mapping[str, str], terminal: Terminal) -> dict[str, str]:
    """Answers by question, with those known before as they stand or as they were changed."""
    answers = dict(known)
    terminal.say(f"{len(QUESTIONS)} questions, two minutes. {KEYS}")
    number = 0
    while number < len(QUESTIONS):
        said = _ask_one(number, answers, terminal)
        if said == "stop":
            break
        if said == "back" and number == 0:
            terminal.say("  This is the first question.")
            continue
        number += -1 if said == "back" else 1
    return answers


def _ask_one(number: int, answers: dict[str, str], terminal: Terminal) -> str:
    """One question until it is answered or left open: ``next``, ``back`` or ``stop``."""
    question = QUESTIONS[number]
    terminal.say(f"\n{number + 1} of {len(QUESTIONS)}. {question.text}")
    terminal.block("why", question.why)
    warned = False
    while True:
        known = answers.get(question.id)
        answer = terminal.ask(f"[{printable(known)}]" if known else ">")
        if answer is None or answer.lower() in STOP:
            return "stop"
        if answer.lower() in BACK:
            return "back"
        if answer == "-":
            answers.pop(question.id, None)
            return "next"
        if answer == "?":
            terminal.block("for example", question.form)
            continue
        if not answer and not warned and known and _vague(question, known):
            terminal.say(f"  {read_job(known).sent_back}")
            terminal.say(f"  For example: {question.form}")
            terminal.say("  Say it again, or press Enter: then the advice goes on and says that the job is vague.")
            warned = True
            continue
        if not answer:
            if known and _vague(question, known):
                terminal.say("  It stays vague; the advice will say what is missing.")
            return "next"
        warned = True
        if _take(question, answer, answers, terminal):
            return "next"


def _take(question: Question, answer: str, answers: dict[str, str], terminal: Terminal) -> bool:
    """Keep an answer that can be used; else say what could be. A vague job is sent back, and may be insisted on."""
    try:
        read_answer(question.id, answer)
    except ValueError as error:
        terminal.say(f"  {error}")
        return False
    if question.id != "job":
        answers[question.id] = answer
        return True
    job = read_job(answer)
    insisted = answers.get("job") == answer
    answers["job"] = answer
    if not job.missing or insisted:
        return True
    terminal.say(f"  {job.sent_back}")
    terminal.say(f"  For example: {question.form}")
    kept = "to keep it as it is" if job.clear else "to go on: the advice will say that the job is vague"
    terminal.say(f"  Say it again, or press Enter {kept}.")
    return False


def _vague(question: Question, answer: str) -> bool:
    return question.id == "job" and not read_job(answer).clear
