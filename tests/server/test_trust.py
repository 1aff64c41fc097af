"""The panel shows what comes from elsewhere, and none of its buttons executes it."""

from __future__ import annotations

from tests.server.conftest import Api, Make


async def test_no_request_executes_what_another_has_written(api: Api, make_sweep: Make) -> None:
    written = make_sweep("foreign0")
    run = written.run()
    written.end(run)
    written.close()
    (written.paths.bundle / "signature.json").unlink()
    for body in (
        {"verb": "resume"},
        {"verb": "rerun", "run": run},
        {"verb": "resume_run", "run": run},
        {"verb": "rerun_failed"},
        {"verb": "set_count", "count": 9},
        {"verb": "sync"},
    ):
        code, message = await api.problem("sweeps/foreign0/requests", "POST", body=body)
        assert code == 409
        assert "is not executed: if you trust it, say so with trust=True" in message
    body = {"verb": "resume", "trust": True}
    code, message = await api.problem("sweeps/foreign0/requests", "POST", body=body)
    assert (code, message) == (400, "resume: takes no argument 'trust'")
    assert len((await api.get("sweeps/foreign0/runs"))["rows"]) == 1
    assert not written.paths.log.exists()
    assert not written.paths.sync.folder.exists()
