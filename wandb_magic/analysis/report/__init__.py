"""A sweep as one page that can be sent to anybody: it loads nothing, and shows all.

The page holds plotly's script once; a policy in it forbids every request. Texts of the user's and
of the runs are text there, never markup, and what looks like a secret is masked.
"""

from wandb_magic.analysis.report.page import write

__all__ = ["write"]
