"""Each state looks the same in the notebook, the terminal and the panel."""

import runpy
from pathlib import Path

from wandb_magic.display import css
from wandb_magic.display.states import STATES, Tone
from wandb_magic.records import RunState, SweepState

ROOT = Path(__file__).parents[2]
FRONT_END = ROOT / "labextension"


def test_every_state_has_a_symbol_and_a_tone_and_every_tone_a_colour() -> None:
    assert set(STATES) == {state.value for state in (*RunState, *SweepState)} | {"died"}
    assert set(css.COLORS) == set(Tone)
    # As in the text around it, a quiet state has no colour of its own in the panel.
    rules = (FRONT_END / "style" / "base.css").read_text("utf-8")
    coloured = {tone for tone in Tone if f".jp-wm-StateLabel[data-tone='{tone.value}']" in rules}
    assert coloured == set(Tone) - {Tone.QUIET}


def test_what_succeeds_and_what_fails_can_be_told_apart_without_colours() -> None:
    symbols = {
        tone: {look.symbol for look in STATES.values() if look.tone is tone} for tone in Tone
    }
    assert symbols[Tone.GOOD].isdisjoint(symbols[Tone.BAD] | symbols[Tone.WARNING])
    assert symbols[Tone.BAD].isdisjoint(symbols[Tone.WARNING] | symbols[Tone.ACTIVE])
    for state in RunState:
        assert (STATES[state.value].tone is Tone.BAD) == state.is_failure


def test_the_front_end_has_the_same_states() -> None:
    typescript = runpy.run_path(str(ROOT / "scripts" / "states.py"))["typescript"]
    written = (FRONT_END / "src" / "stateStyles.ts").read_text("utf-8")
    assert written == typescript(), "run scripts/wire"
