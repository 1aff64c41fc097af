"""Bayesian search: Optuna's samplers over the parameters of a spec."""
