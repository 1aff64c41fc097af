"""A small W&B server for tests: the unmodified clients talk to it over HTTP on 127.0.0.1.

Why it exists: no W&B server can be installed from a registry, and the tests must not depend on the
real one. It stores what clients send unchanged, answers their requests, hands out a sweep's runs,
and fails on command. It refuses what no test needs: reports, the registry, launch queues,
multipart uploads.

    with FakeWandbServer() as server:
        # start a client with server.environment
        server.runs["abc"].history

`controls` lists everything that a test can do and see, `state` the records, `faults` the possible
faults; `clients` starts real clients. Tests use the fixtures `fake_wandb_server`,
`fake_wandb_server_process` (which can be killed, and restores everything) and `wandb_clients`
(both versions).

Checked with wandb 0.22.0 and 0.31.0: `init`, `log`, `finish` and its exit codes, resuming, media,
tables, saved files, artifacts, `wandb.sweep`, `wandb.agent`, `wandb agent`, `wandb sweep` with its
options, `wandb sync` and `wandb.Api`. Not checked: the real service was never contacted. Behaviour
beyond the responses that the clients' own code expects is a guess, and a comment says so in each
place.

View modules refer to each other (a run to its project, a project to its runs), so they import
modules and not names.
"""
