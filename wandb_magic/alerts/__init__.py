"""Alerts: tells the user elsewhere that a sweep has reached what a rule says.

A process of its own watches a sweep's store and sends (`python -m wandb_magic.alerts FOLDER`), so
that a supervisor that is killed neither loses an alert nor repeats one.
"""
