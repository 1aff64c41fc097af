"""Analyses a sweep's results: frames, importance, comparisons, studies, plots, reports."""
