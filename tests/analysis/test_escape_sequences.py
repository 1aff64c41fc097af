"""Texts of users lose their terminal escape sequences, and nothing else."""

import pytest

from wandb_magic.analysis.escape_sequences import strip_escape_sequences
from wandb_magic.analysis.plots.style import raw
from wandb_magic.analysis.report.markup import text as markup
from wandb_magic.analysis.report.redaction import MASK, redact

ESC = "\x1b"
TEXTS = {
    "colours": (f"{ESC}[1;38;5;208mred{ESC}[0m{ESC}[m", "red"),
    "colours with colons": (f"{ESC}[38:2::1:2:3mred", "red"),
    "movements": (f"{ESC}[2A{ESC}[?25l{ESC}[10;20Hup{ESC}[K", "up"),
    "an intermediate character": (f"a{ESC}[3 qb{ESC}[!pc{ESC}[1$}}d", "abcd"),
    "a title": (f"{ESC}]0;title\x07a{ESC}]2;title{ESC}\\b", "ab"),
    "a link": (f"{ESC}]8;id=1;https://x.example/a;b{ESC}\\link{ESC}]8;;{ESC}\\.", "link."),
    "a link that ends with a bell": (f"{ESC}]8;;https://x.example\x07link{ESC}]8;;\x07", "link"),
    "device control, messages": (f"{ESC}Pq#0~~{ESC}\\a{ESC}_G;AA=={ESC}\\b{ESC}^c{ESC}\\d", "abd"),
    "a string without its end": (f"{ESC}]0;title\nTraceback\r\nvalue", "\nTraceback\r\nvalue"),
    "a string before another": (f"{ESC}]0;title{ESC}[31mred", "red"),
    "a character set": (f"{ESC}(B{ESC}%Ga{ESC}#8b", "ab"),
    "short ones": (f"{ESC}7a{ESC}Mb{ESC}=c{ESC}cd", "abcd"),
    "a lone one": (f"a{ESC}\nb{ESC}éc{ESC}数{ESC}", "a\nbéc数"),
    "one that is cut": (f"a{ESC}[", "a"),
    "text in a wrong encoding": ("â\x80\x9d and \x9b31m", "â\x80\x9d and \x9b31m"),
}


@pytest.mark.parametrize("given", TEXTS)
def test_escape_sequences_go_and_the_text_stays(given: str) -> None:
    text, expected = TEXTS[given]
    assert strip_escape_sequences(text) == expected


def test_labels_and_reports_lose_the_same_sequences() -> None:
    given = f"{ESC}(Ba{ESC}\n{ESC}]0;title\nb"
    assert raw(given) == "a b"
    assert markup(given) == "a\n\nb"


@pytest.mark.parametrize(
    "secret",
    [
        f"{ESC}[32mhf_0123456789abcdef{ESC}[0m",
        f"key {ESC}[1mhf_01234{ESC}[0m56789abcdef",
        f"api_key={ESC}[33m'hf0123456789'{ESC}[0m",
        f"{ESC}]8;;https://user:hf0123@x.example{ESC}\\hf_0123456789{ESC}]8;;{ESC}\\",
    ],
)
def test_a_coloured_secret_is_a_secret(secret: str) -> None:
    assert MASK in redact(secret)
    assert "hf" not in redact(secret)
    assert "hf" not in markup(secret)
