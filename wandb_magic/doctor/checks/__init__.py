"""The checks: one module for each subject, with a function `check` that yields diagnostics."""
