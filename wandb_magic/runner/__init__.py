"""What happens on one machine: the fork server, the runs, their files, the readers of their logs.

A runner is told to start and signal runs, and reports what became of them. It decides nothing and
never opens the store. Nothing is imported here, since every fresh run imports this package.
"""
