"""A report: a sweep as a single self-contained page that can be sent to anybody.

The page contains plotly's script; a policy in it forbids every request. Texts of the user and of
the runs are shown as text, never as markup, and anything that looks like a secret is masked.
"""

from wandb_magic.analysis.report.page import write

__all__ = ["write"]
