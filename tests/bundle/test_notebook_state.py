"""What a notebook sets on modules and libraries is set in its runs, or named as left behind."""

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.conftest import Notebook
from wandb_magic.bundle import freeze
from wandb_magic.bundle.user_modules import _read_source

Make = Callable[..., Notebook]

SETTINGS = """
import importlib
import os
import sys
import fractions
from dataclasses import dataclass
from pathlib import Path
EPOCHS = 100
LR = 10 ** -3
CONFIG = {"lr": 1, "deep": {"x": 1}}
REGISTRY = {}
ROOT = Path("data") / "x"
API_KEY = os.environ.get("NO_SUCH", "sk-0123456789")
HALF: float = 0.5
COUNT = 0
_ready = False
IN_BRANCH = 1
if HALF:
    IN_BRANCH = 2
def register(function):
    REGISTRY[function.__name__] = function
    return function
@register
def one():
    return 1
def bump():
    global COUNT, _ready
    COUNT += 1
    _ready = True
class CFG:
    width = 16
    shape = (1, 2)
    class Inner:
        deep = 1
@dataclass
class Args:
    lr: float = 0.1
    items: int = 3
args = Args()
class Net:
    def forward(self):
        return "original"
    @property
    def size(self):
        return 1
def seen():
    return EPOCHS, LR, CONFIG["deep"]["x"], CFG.width, CFG.Inner.deep, COUNT, IN_BRANCH, HALF
"""
MODEL = """
from settings import EPOCHS, CONFIG, args as arguments
import settings
def same():
    return EPOCHS, CONFIG is settings.CONFIG, arguments is settings.args
"""


def with_modules(made: Notebook, **sources: str) -> Notebook:
    """Put modules beside the notebook, older than its kernel."""
    for name, source in sources.items():
        path = made.folder / f"{name}.py"
        path.write_text(source)
        os.utime(path, (1e9, 1e9))
    return made


def words(answer: dict[str, Any], kind: str) -> str:
    return "; ".join(answer[kind])


def test_what_is_set_on_the_users_modules_is_set_in_runs(notebook: Make) -> None:
    made = notebook(
        "import settings, model\nfrom settings import args",
        "settings.EPOCHS = 1\nsettings.LR = 5.0\nsettings.CONFIG['deep']['x'] = 7\n"
        "settings.CFG.width = 32\nsettings.CFG.Inner.deep = 2\nsettings.NEW = [1]\n"
        "settings.bump()\nargs.items = 9\nsettings.HALF /= 2",
        "settings.Net.forward = lambda self: f'patched {word()}'\n"
        "settings.Net.size = property(lambda self: suffix)\n"
        "def word(): return f'w{suffix}'\nsuffix = 3",
    )
    with_modules(made, settings=SETTINGS, model=MODEL)
    made.run("""
args.lr = 77
assert settings.seen() == (1, 5.0, 7, 32, 2, 1, 2, 0.25), settings.seen()
assert model.same() == (100, True, True), model.same()
assert settings.args is args and args.items == 9 and settings.NEW == [1]
assert not settings._ready and settings.REGISTRY == {"one": settings.one}
assert settings.Net().forward() == "patched w3" and settings.Net().size == 3
""")
    answer = made.freeze("settings, model, args")
    told = words(answer, "carried")
    for part in ("settings.EPOCHS = 1", "settings.CONFIG = {", "settings.CFG.width = 32"):
        assert part in told
    for part in ("ROOT", "REGISTRY", "API_KEY", "IN_BRANCH", "shape"):
        assert part not in told
    pickles = (made.folder / "bundle" / "variables.pkl").read_bytes()
    assert b"sk-0123456789" not in pickles
    answer = made.freeze("settings, model", exclude=("settings.EPOCHS", "settings.CFG"))
    assert "EPOCHS" not in words(answer, "carried")
    assert "CFG" not in words(answer, "carried")


def test_an_untouched_notebook_says_nothing(notebook: Make) -> None:
    made = with_modules(notebook("import settings, model"), settings=SETTINGS, model=MODEL)
    answer = made.freeze("settings, model")
    assert (answer["carried"], answer["left"]) == (
        [],
        [],
    )
    made.run("assert settings.seen() == (100, 10 ** -3, 1, 16, 1, 0, 2, 0.5)")


def test_a_module_that_is_imported_late_gets_it_then(notebook: Make) -> None:
    made = notebook("import settings, model", "settings.EPOCHS = 1\nsettings.CONFIG['lr'] = 2")
    with_modules(made, settings=SETTINGS, model=MODEL)
    made.run("""
import importlib, sys
name = "model"
assert name not in sys.modules and "settings" not in sys.modules
model = importlib.import_module(name)
assert model.same() == (100, True, True) and model.settings.EPOCHS == 1
assert model.CONFIG["lr"] == 2
""")


def test_a_file_that_was_changed_since_is_imported_as_it_is_and_said_so(notebook: Make) -> None:
    made = notebook(
        "import settings", "open('settings.py', 'w').write('EPOCHS = 7\\nOTHER = 1\\n')"
    )
    with_modules(made, settings="EPOCHS = 100\nOTHER = 1\n")
    cell = "assert settings.EPOCHS == 7 and settings.OTHER == 1"
    assert "settings.EPOCHS (its file has changed" in words(made.freeze(cell), "left")
    made.run(cell)


def test_what_looks_like_a_secret_or_cannot_be_pickled_stays_and_is_named(notebook: Make) -> None:
    made = notebook(
        "import settings, threading, fractions",
        "settings.API_KEY = 'sk-9876543210'\nfractions.lock = threading.Lock()\n"
        "settings.TOKENS = {'a': 'ghp_0123456789'}",
    )
    with_modules(made, settings="API_KEY = ''\nTOKENS = {'a': 1}\n")
    left = words(made.freeze("settings"), "left")
    for part in ("settings.API_KEY (looks like a secret", "settings.TOKENS (", "fractions.lock ("):
        assert part in left
    for file in (made.folder / "bundle").iterdir():
        assert b"9876543210" not in file.read_bytes()
        assert b"ghp_" not in file.read_bytes()


def test_what_is_patched_onto_library_classes_and_modules_is_there(notebook: Make) -> None:
    made = notebook(
        "import fractions, json, string, builtins, ssl, functools\nfrom fractions import Fraction",
        "Fraction.half = lambda self: self / helper()\ndef helper(): return 2",
        "original = Fraction.limit_denominator\n"
        "def limit(self, most=10): return original(self, most) + 1\n"
        "fractions.Fraction.limit_denominator = limit",
        "Fraction.make = staticmethod(lambda: 'made')\n"
        "Fraction.built = classmethod(lambda cls: cls.__name__)\n"
        "setattr(json.JSONEncoder, 'mine', [5])\n"
        "ssl._create_default_https_context = ssl._create_unverified_context\n"
        "json.decoder.ANSWER = [42]\nbuiltins.shout = lambda text: text.upper()",
        "def attach(owner, **new):\n"
        "    for name, value in new.items():\n        setattr(owner, name, value)",
        "attach(string.Template, greet=lambda self: 'hello')",
        "class Mine: pass\nstring.Mine = Mine",
        "def never(): json.never = 1",
    )
    made.run("""
assert Fraction(1).half() == Fraction(1, 2)
assert Fraction(1, 3).limit_denominator() == Fraction(4, 3)
assert Fraction.make() == "made" and Fraction.built() == "Fraction"
assert json.JSONEncoder.mine == [5] and json.decoder.ANSWER == [42]
assert ssl._create_default_https_context is ssl._create_unverified_context
import builtins
assert builtins.shout("a") == "A" and string.Template("").greet() == "hello"
assert string.Mine is Mine
assert not hasattr(json, "never")
""")


def test_a_call_that_sets_what_is_unknown_here_is_named(notebook: Make) -> None:
    made = notebook(
        "import asyncio, random", "asyncio.set_event_loop_policy(None)\nrandom.seed(1)"
    )
    assert made.freeze("pass")["left"] == [
        "asyncio.set_event_loop_policy(None) (call it in the cell)"
    ]


STDLIB = """
import csv, decimal, locale, logging, multiprocessing, socket, sys, warnings
sys.setrecursionlimit(4321)
socket.setdefaulttimeout(12.5)
csv.field_size_limit(99)
multiprocessing.set_start_method("spawn")
decimal.getcontext().prec = 6
decimal.getcontext().traps[decimal.Inexact] = True
logging.basicConfig(level=logging.INFO, format="LOG %(message)s")
log = logging.getLogger("mine")
log.setLevel(logging.DEBUG)
log.addHandler(logging.FileHandler("mine.log"))
logging.captureWarnings(True)
logging.disable(5)
logging.getLogger("other").addHandler(logging.handlers.MemoryHandler(1))
warnings.filterwarnings("ignore", category=UserWarning)
warnings.filterwarnings("ignore", message="some.*", category=RuntimeWarning)
sys.argv = ["prog", "--flag"]
"""
SEEN_STDLIB = """
assert sys.getrecursionlimit() == 4321 and socket.getdefaulttimeout() == 12.5
assert csv.field_size_limit() == 99 and multiprocessing.get_start_method() == "spawn"
assert decimal.getcontext().prec == 6 and decimal.getcontext().traps[decimal.Inexact]
logging.info("informed")
log.debug("debugged")
assert open("mine.log").read() == "debugged\\n"
assert logging.root.manager.disable == 5 and len(logging.root.handlers) == 1
assert sys.argv == ["prog", "--flag"]
warnings.warn("unheard")
warnings.warn("something", RuntimeWarning)
"""


def test_settings_of_the_standard_library(notebook: Make) -> None:
    made = notebook("import logging.handlers", STDLIB)
    answer = made.freeze(SEEN_STDLIB)
    for part in ("recursion limit = 4321", "mine=DEBUG", "warnings filters", "sys.argv = ["):
        assert part in words(answer, "carried")
    assert "MemoryHandler of logger 'other'" in words(answer, "left")
    done = made.thaw()
    assert done.returncode == 0, done.stderr
    assert "LOG informed" in done.stderr
    assert "LOG debugged" in done.stderr
    assert "unheard" not in done.stderr


LIBRARIES = {
    "numpy": (
        "np.seterr(divide='raise', under='warn')\nnp.set_printoptions(precision=3, suppress=True)",
        (
            "assert np.geterr() == {'divide': 'raise', 'over': 'warn', 'under': 'warn', "
            "'invalid': 'warn'}\nassert str(np.array([1.23456])) == '[1.235]'"
        ),
        "divide='raise'",
    ),
    "pandas": (
        (
            "pd.options.display.max_rows = 5\n"
            "pd.set_option('display.float_format', lambda x: 'F')\n"
            "@pd.api.extensions.register_dataframe_accessor('geo')\nclass Geo:\n"
            "    def __init__(self, df): self.df = df\n    def n(self): return len(self.df)\n"
            "from tqdm import tqdm\ntqdm.pandas()"
        ),
        (
            "assert pd.get_option('display.max_rows') == 5 and 'F' in str(pd.Series([1.5]))\n"
            "assert pd.DataFrame({'a': [1]}).geo.n() == 1 and hasattr(pd.Series, 'progress_apply')"
        ),
        "display.max_rows=5",
    ),
    "matplotlib": (
        "plt.rcParams['figure.dpi'] = 50\nplt.rc('lines', linewidth=7)\nplt.style.use('ggplot')",
        (
            "assert plt.rcParams['figure.dpi'] == 50 and plt.rcParams['lines.linewidth'] == 7\n"
            "assert plt.rcParams['axes.facecolor'] == '#E5E5E5'"
        ),
        "matplotlib rcParams",
    ),
    "sklearn": (
        "sklearn.set_config(transform_output='pandas', assume_finite=True)",
        "assert sklearn.get_config()['transform_output'] == 'pandas'",
        "transform_output='pandas'",
    ),
    "torch": (
        (
            "torch.set_default_dtype(torch.float64)\ntorch.set_num_threads(7)\n"
            "torch.use_deterministic_algorithms(True, warn_only=True)\n"
            "torch.set_float32_matmul_precision('high')\ntorch.set_default_device('meta')\n"
            "torch.set_grad_enabled(False)\ntorch.backends.cudnn.benchmark = True\n"
            "torch.set_printoptions(precision=2)\ntorch.autograd.set_detect_anomaly(True)\n"
            "torch.distributions.Distribution.set_default_validate_args(False)\n"
            "torch.multiprocessing.set_sharing_strategy('file_system')\n"
            "torch.nn.Linear.output_shape = lambda self: self.out_features"
        ),
        (
            "assert torch.get_default_dtype() is torch.float64 and torch.get_num_threads() == 7\n"
            "assert torch.is_deterministic_algorithms_warn_only_enabled()\n"
            "assert torch.get_float32_matmul_precision() == 'high'\n"
            "assert torch.ones(1).device.type == 'meta' and not torch.is_grad_enabled()\n"
            "assert torch.backends.cudnn.benchmark and torch.is_anomaly_enabled()\n"
            "assert torch._tensor_str.PRINT_OPTS.precision == 2\n"
            "assert not torch.distributions.Distribution._validate_args\n"
            "assert torch.multiprocessing.get_sharing_strategy() == 'file_system'\n"
            "assert torch.nn.Linear(2, 3).output_shape() == 3"
        ),
        "torch default dtype = torch.float64",
    ),
    "plotly": (
        "import plotly.io as pio\npio.templates.default = 'plotly_dark'",
        "assert pio.templates.default == 'plotly_dark'",
        "plotly template",
    ),
}
IMPORTS = {
    "numpy": "import numpy as np",
    "pandas": "import pandas as pd",
    "matplotlib": "import matplotlib.pyplot as plt",
}
TOGETHER = (("numpy", "matplotlib", "sklearn", "plotly"), ("pandas",), ("torch",))


@pytest.mark.parametrize("libraries", TOGETHER, ids=lambda names: names[-1])
def test_settings_of_libraries(notebook: Make, libraries: tuple[str, ...]) -> None:
    for library in libraries:
        pytest.importorskip(library)
    made = notebook(
        *(IMPORTS.get(library, f"import {library}") for library in libraries),
        "import warnings\nwarnings.resetwarnings()",
        *(LIBRARIES[library][0] for library in libraries),
    )
    answer = made.freeze("\n".join(LIBRARIES[library][1] for library in libraries))
    for library in libraries:
        assert LIBRARIES[library][2] in words(answer, "carried")
    done = made.thaw()
    assert done.returncode == 0, done.stderr
    assert "could not be set" not in done.stderr


def test_a_setting_that_cannot_be_set_in_a_run_is_said_in_its_output(notebook: Make) -> None:
    made = with_modules(notebook("import settings", "settings.CFG.width = 1"), settings=SETTINGS)
    made.freeze("import settings")
    Path(made.folder / "settings.py").write_text(SETTINGS.replace("class CFG", "class Other"))
    done = made.thaw()
    assert done.returncode == 0, done.stderr
    assert "settings.CFG.width could not be set as in the notebook (AttributeError" in done.stderr


def test_what_a_library_sets_on_its_own_loggers_is_not_the_notebooks(notebook: Make) -> None:
    made = notebook("import logging, optuna", "logging.basicConfig(level=logging.INFO)")
    carried = words(made.freeze("optuna"), "carried")
    assert "root=INFO" in carried
    assert "optuna" not in carried


def test_no_secret_of_the_environment_goes_along_in_a_module(
    notebook: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdefghij" * 2)
    cells = "settings.HEADERS = {'x': [os.environ['WANDB_API_KEY']]}\nsettings.EPOCHS = 3"
    made = notebook("import os, settings", cells)
    with_modules(made, settings="HEADERS = {}\nEPOCHS = 1\n")
    answer = made.freeze("print(settings.EPOCHS)")
    assert "settings.EPOCHS = 3" in words(answer, "carried")
    assert "settings.HEADERS" in words(answer, "left")
    assert b"0123456789abcdefghij" not in (made.folder / "bundle" / "variables.pkl").read_bytes()


DRAWN = "(random.gauss(0, 1), np.random.normal(), torch.rand(2).tolist())"
SEEDED = f"random.seed(1)\nnp.random.seed(2)\ntorch.manual_seed(3)\n{DRAWN}"


def test_the_random_state_goes_along_by_choice(notebook: Make) -> None:
    """Halfway between two numbers of a pair, which both generators draw at a time."""
    pytest.importorskip("torch")
    made = notebook("import random, numpy as np, torch", SEEDED)
    # Only the run imports the libraries, and late.
    late = "import random, importlib\nnp, torch = map(importlib.import_module, ['numpy', 'torch'])"
    cell = f"{late}\ndrawn = {DRAWN}\n{SEEDED}\nprint(drawn == {DRAWN})"
    answer = made.freeze(cell, random_state=True)
    assert answer["carried"] == ["random state (random, numpy, torch)"]
    done = made.thaw()
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert made.freeze("random.random()")["carried"] == []


def test_modules_are_read_once_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"one_of_many_{number}" for number in range(300)]
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    (tmp_path / "modules").mkdir()
    for name in names:
        (tmp_path / "modules" / f"{name}.py").write_text("X = 1\n")
    try:
        for name in names:
            importlib.import_module(name)
        freeze(tmp_path / "first", cell="print(X)", namespace={"X": 1})
        before = _read_source.cache_info().misses
        freeze(tmp_path / "second", cell="print(X)", namespace={"X": 1})
        assert _read_source.cache_info().misses == before
    finally:
        for name in names:
            sys.modules.pop(name, None)
