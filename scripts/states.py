"""Print the TypeScript of how states are shown, which `wandb_magic.display.states` defines."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from wandb_magic.display.states import STATES, Tone


def typescript() -> str:
    """Return the table of states as TypeScript."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "// Made by scripts/wire from wandb_magic.display.states."
    yield ""
    yield "import type { RunState, SweepState } from './api/schemas';"
    yield ""
    yield "export type AnyState = RunState | SweepState;"
    yield ""
    yield "/** What the color of a state says. */"
    yield f"export type Tone = {' | '.join(map(repr, (tone.value for tone in Tone)))};"
    yield ""
    yield "/** The character before a state's label, as in the notebook and the terminal. */"
    yield "export const STATE_ICONS: Readonly<Record<AnyState, string>> = {"
    yield ",\n".join(f"  {state}: '{style.symbol}'" for state, style in STATES.items())
    yield "};"
    yield ""
    yield "export const STATE_TONES: Readonly<Record<AnyState, Tone>> = {"
    yield ",\n".join(f"  {state}: '{style.tone.value}'" for state, style in STATES.items())
    yield "};"


if __name__ == "__main__":
    sys.stdout.write(typescript())
