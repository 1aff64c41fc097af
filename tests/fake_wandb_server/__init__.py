"""A small W&B server for tests: the unmodified clients talk to it over HTTP on 127.0.0.1.

Why it exists: no W&B server can be installed from a registry, and nothing here may depend on the
real one. It stores what clients send as it is sent, answers what they ask, hands out a sweep's
runs, and fails on command. It refuses what no test needs: reports, the registry, launch queues,
uploads in parts.

    with FakeWandbServer() as server:
        # start a client with server.environment
        server.runs["abc"].history

`controls` lists all that a test can do and see, `state` the records, `faults` what goes wrong;
`clients` starts real ones. In tests the fixtures `fake_wandb_server`, `fake_wandb_server_process`
(which can be killed, and knows everything again) and `wandb_clients` (both versions) are at hand.

What was checked: wandb 0.22.0 and 0.31.0, with `init`, `log`, `finish` and its exit codes,
resuming, media, tables, saved files, artifacts, `wandb.sweep`, `wandb.agent`, `wandb agent`,
`wandb sweep` with its options, `wandb sync` and `wandb.Api`. What was not: the real service was
not reached. What it does beyond the answers that the clients' own code expects is a guess, and a
comment says so at each place.

Modules of answers know each other (a run its project, a project its runs), so they import modules
and not names.
"""
