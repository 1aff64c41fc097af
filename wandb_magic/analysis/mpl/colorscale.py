"""Numbers as colours: which map, between which bounds, and whether a bar explains it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import cm, colors

from wandb_magic.analysis.mpl.plotly_values import colour_map, floats, plain

Json = dict[str, Any]
FALLBACK = "Viridis"


@dataclass(frozen=True)
class ColorAxis:
    """What turns numbers into colours."""

    mappable: cm.ScalarMappable
    norm: colors.Normalize
    bar: bool
    title: str
    ticks: tuple[float, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, held: Json, layout: Json, numbers: Sequence[Any], prefix: str = "c") -> ColorAxis:
        """Return the shades of a marker or line of plotly's (`prefix` ``c``) or a surface (``z``).

        A colour axis that several traces share lies in the layout.
        """
        own = held
        if "coloraxis" in held:
            own = {"showscale": True, **layout.get(held["coloraxis"], {})}
            prefix = "c"
        found = floats(numbers)
        found = found[np.isfinite(found)]
        low, high = own.get(f"{prefix}min"), own.get(f"{prefix}max")
        low = float(low) if low is not None else float(found.min(initial=math.inf))
        high = float(high) if high is not None else float(found.max(initial=-math.inf))
        if not (math.isfinite(low) and math.isfinite(high)):
            low, high = 0.0, 1.0
        scale = own.get("colorscale") or _of_template(layout) or FALLBACK
        shown = colour_map(scale, reverse=bool(own.get("reversescale")))
        bar = own.get("colorbar") or {}
        title = bar.get("title") or {}
        norm = colors.Normalize(low, high if high > low else low + 1)
        return cls(
            cm.ScalarMappable(norm, shown),
            norm,
            bool(own.get("showscale", prefix == "z")),
            plain(title.get("text") or "" if isinstance(title, dict) else title),
            tuple(floats(bar.get("tickvals") or ()).tolist()),
            tuple(plain(text) for text in bar.get("ticktext") or ()),
        )


def _of_template(layout: Json) -> Any:  # noqa: ANN401 - a name, or pairs
    return layout.get("template", {}).get("layout", {}).get("colorscale", {}).get("sequential")
