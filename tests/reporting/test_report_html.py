"""The report: one file that loads nothing, shows everything, escapes everything and can be read by everybody."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser

import pytest
from sample_odd_verdicts import ALL
from sample_parts import changed
from sample_verdicts import ship

from tunewright.reporting.front_page import front_page
from tunewright.reporting.html import render_report

VOID = {"meta", "link", "br", "img", "input", "hr", "col"}
NAMES = list(ALL)


class Page(HTMLParser):
    """Tags, attributes and visible text, with the nesting checked on the way."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split()).replace("\u00a0", " ")

    def count(self, tag: str) -> int:
        return sum(1 for name, _ in self.tags if name == tag)


@cache
def html_of(name: str) -> str:
    return render_report(ALL[name]())


@cache
def page_of(name: str) -> Page:
    return Page(html_of(name))


def front(name: str) -> str:
    """The first page alone."""
    text = html_of(name)
    return Page(text[text.index('<section class="front"') : text.index('<nav class="contents"')]).text


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_well_nested_and_loads_nothing(name: str) -> None:
    page = page_of(name)
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    for tag, attributes in page.tags:
        for attribute, value in attributes.items():
            assert not attribute.startswith("on"), (tag, attribute)
            assert attribute not in ("src", "srcset", "action", "data"), (tag, attribute)
            if attribute == "href":
                assert str(value).startswith("#"), value
    styles = re.findall(r"<style>(.*?)</style>", html_of(name), re.DOTALL)
    assert len(styles) == 1
    assert not re.search(r"@import|url\(|@font-face", styles[0])
    assert "default-src 'none'" in html_of(name)


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_every_link_leads_somewhere(name: str) -> None:
    attributes = [attributes for _, attributes in page_of(name).tags]
    ids = [str(found["id"]) for found in attributes if "id" in found]
    assert len(ids) == len(set(ids))
    links = [str(found["href"])[1:] for found in attributes if "href" in found]
    labelled = [str(found["aria-labelledby"]) for found in attributes if "aria-labelledby" in found]
    assert set(links + labelled) <= set(ids)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_missing_is_shown_as_a_word_of_the_machine(name: str) -> None:
    assert not re.search(r"\b(None|nan|NaN|inf|undefined|null|True|False)\b", page_of(name).text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_system_stands_on_the_first_page_and_in_the_table(name: str) -> None:
    first = front(name)
    for system in ALL[name]().systems:
        assert system.name in first
        assert page_of(name).text.count(system.name) >= 3
        if system.reason:
            assert system.reason in first


@pytest.mark.parametrize("name", NAMES)
def test_landmarks_headings_and_table_headers(name: str) -> None:
    page = page_of(name)
    for tag in ("header", "main", "nav", "footer", "h1"):
        assert page.count(tag) == 1, tag
    assert ("html", {"lang": "en"}) in page.tags
    for tag, attributes in page.tags:
        if tag == "th":
            assert attributes.get("scope") in ("row", "col", "colgroup")
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or (
                attributes.get("role") == "img" and attributes.get("aria-label")
            )
        if tag == "div" and attributes.get("class") == "scroll":
            assert attributes.get("tabindex") == "0"
            assert attributes.get("aria-label")


@pytest.mark.parametrize("name", NAMES)
def test_equal_verdicts_give_equal_bytes(name: str) -> None:
    assert render_report(ALL[name]()) == html_of(name)


@pytest.mark.parametrize("name", NAMES)
def test_statisticians_words_stay_off_the_first_page(name: str) -> None:
    first = front(name)
    assert not re.search(r"McNemar|Tango|\bp-value|mid-p|sign-flip|confidence|hypothesis|\bF1\b", first)


def test_hostile_texts_are_shown_and_do_nothing() -> None:
    text = page_of("hostile").text
    assert "<script>alert('x')</script>" in text
    assert '"><img src=x onerror=alert(1)>' in text
    assert "</td></table></main>{{ 7*7 }} {% raw %}" in text
    assert "أريد استرداد أموالي من فضلك" in text
    assert "[red]x[/red]" in text
    assert "tunewright run '<data>.csv' && echo \"$HOME\"" in text


def test_personal_data_is_masked_and_order_numbers_stay() -> None:
    text = html_of("ship")
    for personal in ("jane.doe@example.com", "+49 30 1234567", "DE89 3704"):
        assert personal not in text
    for kept in ("[e-mail]", "[phone]", "[IBAN]", "4711-0815", "SN-4839-2210-7736", "2026-10-07, 08:30"):
        assert kept in text


def test_texts_can_be_left_out_wholly() -> None:
    text = render_report(ship(), texts=False)
    for case in [*ship().fixed_cases, *ship().broken_cases]:
        assert case.text[:20] not in text
        assert f">{case.row}<" not in text
    assert "left out of this report on request" in text


def test_what_is_said_elsewhere_is_not_said_twice() -> None:
    text = "600 locked cases that no system was fitted or tuned on, used once."
    test_set = ship().test_set.model_copy(update={"text": text, "groups": 212})
    not_tried = ["prompt:large: There is no key.", "no large prompted model was tried"]
    page = front_page(ship().model_copy(update={"test_set": test_set, "not_tried": not_tried}))
    assert page.rests_on == [f"{text} The cases stand in 212 groups."]
    assert page.not_tried == ["no large prompted model was tried"]


def test_a_stop_shows_what_is_wrong_and_no_winner() -> None:
    first = front("cannot_judge")
    assert "Stop: nothing can be judged yet" in first
    assert "41 of 600 test rows (6.8 %)" in first
    assert "94.3" not in first
    assert "$" not in first
    assert 'class="tone-stop"' in html_of("cannot_judge")
    assert "t-104" in page_of("cannot_judge").text


def test_keeping_the_simpler_system_is_a_clear_answer() -> None:
    first = front("keep_simpler")
    assert first.startswith("A clear answer: keep the simpler system Don't fine-tune: tfidf does as well")
    assert "From now on Use tfidf in place of rules.py:route." in first
    assert 'class="tone-keep"' in html_of("keep_simpler")


def test_the_first_page_of_a_win_answers_a_managers_questions() -> None:
    first = front("ship")
    for part in (
        "Use finetune:minilm: it fixes 34 and breaks 13 of 600 cases",
        "Right answers 94.3 %",
        "very likely 92.2 to 95.9 %; today 87.2 %",
        "Cost a month with errors $6,820 very likely $5,110 to $9,200; today $15,400",
        "$11 $6,800 about 1,700 $6,820 $5,110 to $9,200",
        "Your target: 92 % Met",
        "fixes 58 and breaks 15 of 600 cases",
        "They were locked away before anything was trained",
        "No large prompted model was tried.",
        "There is no key for the model 'large'.",
        "The owner of the ticket desks, on 2027-01-07",
        "compare their answers; that costs about $3.",
    ):
        assert part in first, part


def test_without_a_headline_the_page_says_what_the_test_could_prove() -> None:
    first = front("explore")
    assert "A first look: no verdict yet" in first
    assert "The smallest gain that 600 cases can show is about 3.1 points." in first
    assert "(2 points), about 1,500 cases are needed" in first
    assert "Right answers, on validation cases" in first
    assert "The test set is still closed." in page_of("explore").text
    alone = front("no_candidate")
    assert alone.startswith("A comparison without a fine-tuned model Use tfidf")
    assert alone.count("Use tfidf") == 1
    assert "No fine-tuned candidate was compared" in page_of("no_candidate").text


def test_an_unknown_price_is_unpriced_and_an_unknown_time_not_measured() -> None:
    page = page_of("two_files").text
    assert "Running cost a month Unpriced" in page
    assert "Unpriced: no price is known" in page
    assert "not measured" in page
    assert "$0" not in page
    assert "old.csv 1 case and new.csv 1 case" in page


def test_a_score_that_is_missing_is_not_answered_and_not_0() -> None:
    systems = [entry.model_copy(update={"score": None, "interval": None, "validation_score": None})
               if entry.name == "tfidf" else entry for entry in ship().systems]  # fmt: skip
    text = render_report(ship().model_copy(update={"systems": systems}))
    assert "tfidf not answered" in Page(text).text
    assert "0.0 %" not in Page(text[: text.index('<nav class="contents"')]).text


def test_continuous_scores_show_gains_in_points() -> None:
    pairs = [pair.model_copy(update={"fixed": None, "broken": None}) for pair in ship().incumbent_comparisons]
    verdict = changed(ship(), {"incumbent_comparisons": pairs, "baselines": []})
    text = Page(render_report(verdict)).text
    assert "Score" in text
    assert "+7.2 points (very likely +4.5 to +9.9) on 600 cases" in text.replace("\u2212", "-")


def test_77_labels_become_a_list_of_pairs() -> None:
    assert 'class="confusion"' not in html_of("many_labels")
    assert "intent_00_account answered as intent_01_billing : 2 of 13 cases" in page_of("many_labels").text
    assert "58 more pairs in verdict.json" in page_of("many_labels").text
    assert html_of("ship").count('class="confusion"') == 1


def test_engineers_find_tests_hashes_seeds_command_and_the_balance_of_rows() -> None:
    text = page_of("ship").text
    for part in ("exact McNemar", "Tango score interval", "0.0015", "4be1a3c09d", "9b1f0c6ad2f1c0de5a7e1f62b0c4d7f3"):
        assert part in text
    assert "tunewright run --final --seed 0" in text
    assert "3,017 = 3,000 + 17" in text
    assert "2026-10-07 09:12 r-20261007-0912 1c7a90f2" in text


def test_colours_have_contrast() -> None:
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1 for text, in light and in dark."""
    css = re.search(r"<style>(.*?)</style>", html_of("ship"), re.DOTALL)
    assert css
    light, dark = css[1].split("prefers-color-scheme: dark", 1)
    dark = dark.split("* {", 1)[0]
    for part in (light, dark):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part.split("}")[0]))
        tones = re.findall(r"--tone: (#[0-9a-f]{6}); --tone-wash: (#[0-9a-f]{6})", part)
        assert len(tones) == 5
        pairs = [(colours[text], colours["paper"]) for text in ("ink", "muted", "accent", "warm", "good", "bad")]
        pairs += [(colours["muted"], colours["wash"]), (colours["ink"], colours["wash"]), *tones]
        pairs += [(colours["muted"], wash) for _, wash in tones] + [(tone, colours["paper"]) for tone, _ in tones]
        for text_colour, ground in pairs:
            assert contrast(text_colour, ground) >= 4.5, (text_colour, ground)


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, WCAG 2.2 definitions of relative luminance and contrast ratio."""

    def luminance(colour: str) -> float:
        channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.process
def test_matplotlib_is_loaded_only_when_a_figure_is_drawn() -> None:
    code = "import sys, tunewright.reporting.html, tunewright.reporting.terminal; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
