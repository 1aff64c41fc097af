from wandb_magic.doctor import report
from wandb_magic.doctor.diagnostics import Section, note, ok, problem

SECTIONS = [
    Section("first", (ok("one is <fine>"), note("two & two", "do <this>"))),
    Section("second", (problem("three", "first line\nsecond line"),)),
]


def test_the_text_has_each_remedy_below_its_finding() -> None:
    assert report.text(SECTIONS).splitlines() == [
        "first",
        "  ✓ one is <fine>",
        "  ! two & two",
        "      do <this>",
        "second",
        "  ✗ three",
        "      first line",
        "      second line",
        "",
        "Found: 1 problem, 1 note.",
    ]


def test_the_html_escapes_whatever_was_found() -> None:
    html = report.html(SECTIONS)
    assert "one is &lt;fine&gt;" in html
    assert "two &amp; two" in html
    assert "do &lt;this&gt;" in html
    assert html.count("<tr") == 3
    assert html.count("<b>first</b>") == 1


def test_the_data_has_one_object_a_finding() -> None:
    assert report.to_json(SECTIONS)[1] == {
        "subject": "first",
        "level": "note",
        "text": "two & two",
        "remedy": "do <this>",
    }
    assert [each["level"] for each in report.to_json(SECTIONS)] == ["ok", "note", "problem"]


def test_only_a_problem_is_wrong() -> None:
    assert report.has_problems(SECTIONS)
    assert not report.has_problems(SECTIONS[:1])
    assert report.conclusion(SECTIONS[:1]) == "Found: 1 note."
    assert report.conclusion([Section("first", (ok("one"),))]) == "All is well."
