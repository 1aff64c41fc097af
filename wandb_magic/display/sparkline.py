"""The best value so far, run by run, as a small inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

from wandb_magic.analysis._downsample import downsample
from wandb_magic.display import css

WIDTH, HEIGHT, MARGIN = 240, 36, 3
MAX_POINTS = 120


def svg(values: Sequence[float]) -> str:
    """Return a curve through `values`; "" for fewer than two."""
    if len(values) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    sampled = downsample(values, MAX_POINTS)
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
