"""How each state is shown, everywhere: a symbol, a word and a colour, never a colour alone.

`scripts/wire` gives the front end the same table. Plots have colours of their own, which tell more
states apart, and stay the same in every theme.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple


class Tone(str, Enum):
    """What the colour of a state says; each front end has its own colour for it."""

    QUIET = "quiet"
    ACTIVE = "active"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class StateStyle(NamedTuple):
    """The appearance of a state."""

    symbol: str
    tone: Tone


STATES: Mapping[str, StateStyle] = {
    "pending": StateStyle("○", Tone.QUIET),
    "running": StateStyle("◐", Tone.ACTIVE),
    "paused": StateStyle("‖", Tone.WARNING),
    "stopping": StateStyle("◐", Tone.ACTIVE),
    "finished": StateStyle("✓", Tone.GOOD),
    "stopped": StateStyle("■", Tone.QUIET),
    "pruned": StateStyle("✂", Tone.WARNING),
    "failed": StateStyle("✗", Tone.BAD),
    "killed": StateStyle("✗", Tone.BAD),
    "lost": StateStyle("✗", Tone.BAD),
    "died": StateStyle("✗", Tone.BAD),
}
"""The states of sweeps and runs, and ``died``, of a sweep whose supervisor is not running."""
