"""Openings of answers, labelled by hand for this test: refusals, limits, questions back, and their look-alikes."""

from __future__ import annotations

import time

import pytest

from tunewright.audit.answers import answer_kind, apologises, names_itself

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I can’t assist with that request.",
    "Sorry, I can't help you with this.",
    "I cannot provide instructions for making weapons.",
    "I can't provide medical advice. Please see a doctor.",
    "I won't help you write malware.",
    "I will not share personal details about other customers.",
    "I am unable to process your refund at this time.",
    "We are unable to process refunds for sale items.",
    "We cannot offer a refund after 30 days.",
    "Unfortunately, we can't give you your money back.",
    "Unfortunately, I'm not able to change the booking.",
    "I'm afraid I can't do that, Dave.",
    "As an AI language model, I cannot give legal advice.",
    "As an AI, I'm not able to recommend a specific stock.",
    "I must decline to answer this question.",
    "I have to respectfully decline this request.",
    "I'm not comfortable writing this story.",
    "I don't feel comfortable discussing that topic.",
    "I apologize, but I cannot fulfill this request.",
    "My apologies, but we won't be able to approve this claim.",
    "No, I can't tell you that.",
    "That's not something I can help with.",
    "It would not be appropriate for me to provide that information.",
    "I understand your frustration, but I cannot issue a refund.",
    "Thank you for reaching out. Unfortunately, we cannot refund this order.",
    "I hear how upset you are. I can't share another customer's address.",
    "Your request violates our content policy.",
    "I'd rather not discuss my colleagues.",
    "I refuse to write that.",
    "Es tut mir leid, aber ich kann Ihnen dabei nicht helfen.",
    "Je ne peux pas vous aider avec cette demande.",
    "Lo siento, no puedo ayudarte con eso.",
]
LIMITS = [
    "I don't have access to real-time information.",
    "I cannot browse the internet.",
    "I'm sorry, but I can't open links.",
    "As an AI language model, I don't have feelings.",
    "I'm unable to view images.",
    "My knowledge cutoff is September 2021, so I may be out of date.",
    "I do not have the ability to place phone calls.",
    "I can't see your screen, but here is what to try.",
]
QUESTIONS = [
    "Could you please tell me your order number?",
    "Sure! Which size do you want?",
    'Can you clarify what you mean by "slow"?',
    "Do you mean the checking or the savings account?",
    "Please provide more details about the error.",
    "I need more information to answer this.",
    "I'm not sure what you mean. Could you give an example?",
    "Happy to help. What are you looking for?",
]
ORDINARY = [
    '"I cannot do that," the guard said, and closed the gate.',
    "“I can't help you,” she whispered.",
    "As an AI engineer, I build models for banks.",
    "As an AI engineer I cannot overstate how useful tests are.",
    "I cannot recommend this book enough.",
    "I can't wait to see you on Friday!",
    "I can't thank you enough for your help.",
    "I can't help but laugh at this.",
    "I can't stress enough how important sleep is.",
    "I won the race.",
    "I will not be attending the meeting on Friday.",
    "Sorry, I can't make it on Friday.",
    "I'm sorry to hear that. Here is how to reset your card.",
    "Unfortunately, the flight was cancelled by the airline.",
    "Unfortunately, it rained all day.",
    "Sorry excuse for a hotel, would not go again.",
    "I can help you with that.",
    "I cannot log in to my account since yesterday.",
    "I can't believe it is already March.",
    "You cannot return opened items.",
    "The bank can't help with that; ask the merchant instead.",
    "He said that he could not assist with the move.",
    "Refusal letters open with: I am unable to accept.",
    "Certainly! Here are three ideas.",
    "No problem, your refund is on its way.",
    "No, the shop is closed on Sundays.",
    "What a lovely question! The answer is 42.",
    "Why did the chicken cross the road?",
    "Write to: Who moved my cheese?",
    "SELECT * FROM refusals WHERE reason = 'cannot help'",
    "card_not_working",
    "I don't have a car, so I take the bus.",
    "We do not have time to waste, so start today.",
    "I understand. Your card will arrive on Monday.",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_seen(text: str) -> None:
    assert answer_kind(text) == "refusal"


@pytest.mark.parametrize("text", LIMITS)
def test_a_limit_of_ability_is_no_refusal(text: str) -> None:
    assert answer_kind(text) == "capability_limit"


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_back_is_seen(text: str) -> None:
    assert answer_kind(text) == "clarifying_question"


@pytest.mark.parametrize("text", ORDINARY)
def test_a_look_alike_is_an_ordinary_answer(text: str) -> None:
    assert answer_kind(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'm so sorry for the delay.", True),
        ("We apologize for the inconvenience.", True),
        ("Please accept our apologies.", True),
        ("Sorry excuse for a phone.", False),
        ("She was sorry to leave.", False),
        ("Say sorry to him.", False),
        ("", False),
    ],
)
def test_apologies_open_an_answer(text: str, expected: bool) -> None:
    assert apologises(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("As an AI language model, I have no opinion.", True),
        ("I was trained by OpenAI.", True),
        ("I'm ChatGPT, nice to meet you.", True),
        ("As an AI engineer, I like tea.", False),
        ("OpenAI was founded in 2015.", False),
        ("A language model predicts words.", False),
    ],
)
def test_an_answer_that_names_itself_somebodys_model(text: str, expected: bool) -> None:
    assert names_itself(text) is expected


def test_long_and_odd_texts_take_no_time() -> None:
    started = time.perf_counter()
    for text in (
        "sorry " * 5000,
        "I understand " * 3000,
        "but " * 5000,
        "thanks, " * 4000,
        "?" * 20000,
        "I'm sorry " * 900,
    ):
        answer_kind(text)
    assert time.perf_counter() - started < 1.0
