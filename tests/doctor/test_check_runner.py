import threading
from collections.abc import Iterator

from wandb_magic.doctor.check_runner import CHECKS, Check, run_checks
from wandb_magic.doctor.diagnostics import Diagnostic, Level, Section, note, ok, problem
from wandb_magic.doctor.environment import Environment


def test_every_subject_is_examined_once_and_in_order() -> None:
    found = run_checks(Environment())
    assert [section.subject for section in found] == [probe.subject for probe in CHECKS]
    for section in found:
        assert section.diagnostics, section.subject
        for finding in section.diagnostics:
            assert "\n" not in finding.text
            assert not finding.text.endswith(".")
            assert bool(finding.remedy) == (finding.level is not Level.OK), finding


def test_a_probe_that_breaks_keeps_what_it_has_found() -> None:
    def breaks(_: Environment) -> Iterator[Diagnostic]:
        yield ok("this much")
        raise KeyError("what it looked for")

    (section,) = run_checks(Environment(), [Check("subject", breaks)])
    kept, fault = section.diagnostics
    assert kept == ok("this much")
    assert (fault.level, "KeyError" in fault.text) == (Level.NOTE, True)


def test_a_probe_that_hangs_does_not_hold_up_the_others() -> None:
    forever = threading.Event()

    def hangs(_: Environment) -> Iterator[Diagnostic]:
        yield ok("this much")
        forever.wait()

    try:
        hung, well = run_checks(
            Environment(),
            [Check("hangs", hangs, timeout=0.1), Check("works", lambda _: [ok("well")])],
        )
    finally:
        forever.set()
    kept, late = hung.diagnostics
    assert kept == ok("this much")
    assert "did not finish within" in late.text
    assert well.diagnostics == (ok("well"),)


def test_the_kernel_is_examined_in_the_calling_thread_and_all_else_is_not() -> None:
    seen: list[threading.Thread] = []

    def find(_: Environment) -> Iterator[Diagnostic]:
        seen.append(threading.current_thread())
        yield ok("well")

    run_checks(Environment(), [Check("here", find, in_caller_thread=True)])
    run_checks(Environment(), [Check("elsewhere", find)])
    assert seen[0] is threading.current_thread()
    assert seen[1] is not threading.current_thread()
    assert [probe.subject for probe in CHECKS if probe.in_caller_thread] == ["kernel"]


def test_a_section_is_as_bad_as_the_worst_in_it() -> None:
    assert Section("a", (ok("a"), problem("b", "c"), note("d", "e"))).level is Level.PROBLEM
    assert Section("a", (ok("a"), note("d", "e"))).level is Level.NOTE
    assert Section("a", ()).level is Level.OK
