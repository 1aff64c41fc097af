"""The best value so far, run by run, as a small inline SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from wandb_magic.display import css

WIDTH, HEIGHT, MARGIN = 240, 36, 3
MAX_POINTS = 120


def best_so_far(values: Iterable[float | None], *, maximize: bool) -> list[float]:
    """Return the best value after each run that has a finite one."""
    best: list[float] = []
    choose = max if maximize else min
    for value in values:
        if value is not None and math.isfinite(value):
            best.append(choose(value, best[-1]) if best else value)
    return best


def svg(values: Sequence[float]) -> str:
    """Return a curve through `values`; "" for fewer than two."""
    if len(values) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    stride = math.ceil(len(values) / MAX_POINTS)
    sampled = [*values[:-1:stride], values[-1]]
    low, high = min(sampled), max(sampled)
    # Halved first, so that the span of very large numbers stays finite.
    span = high / 2 - low / 2
    inner = HEIGHT - 2 * MARGIN
    points = [
        (
            MARGIN + (WIDTH - 2 * MARGIN) * index / (len(sampled) - 1),
            # A constant best value is drawn in the middle, as neither good nor bad.
            MARGIN + inner * ((1 - (value / 2 - low / 2) / span) if span else 0.5),
        )
        for index, value in enumerate(sampled)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg role="img" aria-label="best value so far" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" style="display:block;color:{css.LINE}">'
        f'<polyline points="{path}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="currentColor"/></svg>'
    )
