"""What a notebook defines, used in the run: one namespace, one identity, all that Python knows."""

from collections.abc import Callable

import pytest

from tests.bundle.conftest import Notebook
from wandb_magic.bundle import values_equal

Make = Callable[..., Notebook]


CASES = {
    "a_global_that_a_function_changes_is_the_cells": (
        """\
counter = 0
def bump():
    global counter
    counter += 1
""",
        """\
bump(); bump()
assert counter == 2
counter = 10
bump()
assert counter == 11
""",
    ),
    "recursion": (
        """\
def fact(n):
    return 1 if n < 2 else n * fact(n - 1)
""",
        """\
assert fact(5) == 120
""",
    ),
    "mutual_recursion": (
        """\
def even(n): return n == 0 or odd(n - 1)
def odd(n): return n != 0 and even(n - 1)
""",
        """\
assert even(10) and odd(7)
""",
    ),
    "lambdas": (
        """\
scale = 3
f = lambda x: x * scale
""",
        """\
assert f(2) == 6
""",
    ),
    "a_wrapping_decorator": (
        """\
import functools
def twice(f):
    @functools.wraps(f)
    def inner(*a):
        return 2 * f(*a)
    return inner
base = 5
@twice
def add(x): return x + base
""",
        """\
assert add(1) == 12
assert add.__name__ == 'add'
""",
    ),
    "a_cached_function": (
        """\
from functools import lru_cache, cache
@lru_cache(maxsize=8)
def square(x): return x * x
@cache
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
""",
        """\
assert square(3) == 9 and square.cache_parameters()['maxsize'] == 8
assert fib(80) == 23416728348467685
""",
    ),
    "super_and_inheritance": (
        """\
class A:
    def who(self): return 'a'
class B(A):
    def who(self): return 'b' + super().who()
class C(B):
    def who(self): return 'c' + super().who()
thing = C()
""",
        """\
assert thing.who() == 'cba'
assert isinstance(thing, A)
assert type(thing) is C
""",
    ),
    "dataclasses": (
        """\
from dataclasses import dataclass, field, asdict, fields, replace
@dataclass(frozen=True, order=True)
class P:
    x: int
    y: list = field(default_factory=list)
@dataclass(slots=True)
class S:
    x: int = 3
p = P(1, [2])
s = S()
""",
        """\
assert asdict(p) == {'x': 1, 'y': [2]}
assert [f.name for f in fields(P)] == ['x', 'y']
assert replace(p, x=4) > p
assert P(1) == P(1)
assert s.x == 3 and S(4).x == 4
""",
    ),
    "enums": (
        """\
from enum import Enum, IntFlag, auto
class Color(Enum):
    RED = 1
    BLUE = 2
    @property
    def warm(self): return self is Color.RED
class Flag(IntFlag):
    A = auto()
    B = auto()
mine = {'c': Color.RED}
""",
        """\
assert mine['c'] is Color.RED and Color.RED.warm
assert Color(2) is Color.BLUE
assert (Flag.A | Flag.B).value == 3
""",
    ),
    "named_tuples_protocols_generics": (
        """\
from typing import *
T = TypeVar('T')
PS = ParamSpec('PS')
UserId = NewType('UserId', int)
class Row(NamedTuple):
    a: int
    b: str = 'x'
class TD(TypedDict):
    a: int
@runtime_checkable
class Sized2(Protocol):
    def size(self) -> int: ...
class Box(Generic[T]):
    def __init__(self, v: T): self.v = v
    def size(self): return 1
b = Box[int](3)
r = Row(1)
def typed(x: UserId, f: Callable[PS, T]) -> T: return f(x)
""",
        """\
assert r == (1, 'x') and r._replace(a=2).a == 2
assert isinstance(b, Sized2) and b.v == 3
assert Box[str]('s').v == 's'
assert UserId(3) == 3 and typed(UserId(2), abs) == 2
assert TD(a=1) == {'a': 1}
""",
    ),
    "closures": (
        """\
def make(n):
    def inc():
        nonlocal n
        n += 1
        return n
    def get(): return n
    return inc, get
inc, get = make(5)
""",
        """\
assert inc() == 6 and inc() == 7
assert get() == 7
""",
    ),
    "bound_methods_partials_generators": (
        """\
from functools import partial
factor = 2
class M:
    def __init__(self): self.seen = []
    def note(self, x): self.seen.append(x * factor); return self
m = M()
note = m.note
def add(a, b): return a + b + factor
add1 = partial(add, 1)
def gen(n):
    for i in range(n): yield i * factor
""",
        """\
note(3)
assert m.seen == [6]
assert add1(4) == 7
assert list(gen(3)) == [0, 2, 4]
""",
    ),
    "async_functions": (
        """\
import asyncio
pause = 0
async def work(x):
    await asyncio.sleep(pause)
    return x + 1
async def agen():
    for i in range(3): yield i
""",
        """\
assert await work(1) == 2
out = [x async for x in agen()]
assert out == [0, 1, 2]
async with asyncio.Lock() as l:
    pass
async for z in agen():
    last = z
assert last == 2
""",
    ),
    "cached_property_abstract_metaclass_slots": (
        """\
import abc
from functools import cached_property, singledispatch, total_ordering
class Base(abc.ABC):
    @abc.abstractmethod
    def f(self): ...
class Impl(Base):
    def __init__(self): self._x = 3
    def f(self): return self._x
    @cached_property
    def costly(self): return [self._x]
    @property
    def y(self): return self._x
    @y.setter
    def y(self, v): self._x = v
    @staticmethod
    def s(): return 's'
    @classmethod
    def c(cls): return cls()
class Meta(type):
    def __call__(cls, *a):
        o = super().__call__(*a); o.made = True; return o
class WithMeta(metaclass=Meta): pass
registry = []
class Plugin:
    def __init_subclass__(cls, **k): registry.append(cls.__name__)
class One(Plugin): pass
@singledispatch
def show(x): return 'obj'
@show.register
def _(x: int): return 'int'
@total_ordering
class V:
    def __init__(s, v): s.v = v
    def __eq__(s, o): return s.v == o.v
    def __lt__(s, o): return s.v < o.v
""",
        """\
i = Impl.c()
assert i.costly is i.costly and i.f() == 3 and Impl.s() == 's'
i.y = 4
assert i.y == 4
assert WithMeta().made
assert registry == ['One'], registry
class Two(Plugin): pass
assert registry[-1] == 'Two'
assert show(3) == 'int' and show('') == 'obj'
assert V(1) < V(2) and V(2) >= V(1)
try:
    Base()
except TypeError:
    pass
else:
    assert False
""",
    ),
    "a_class_body_in_a_function_reads_globals": (
        """\
LR = 0.1
class Base: pass
def make():
    class Inner(Base):
        lr = LR
        twice = lr * 2
    return Inner
""",
        """\
assert make().twice == 0.2
""",
    ),
    "instances_of_a_class_that_the_cell_never_names": (
        """\
from enum import Enum
class K(Enum):
    A = 1
class Net:
    def __init__(self): self.k = K.A
    def __eq__(self, o): return isinstance(o, Net)
net = [Net()]
""",
        """\
import pickle, copy
again = pickle.loads(pickle.dumps(net))
assert again == net
assert type(again[0]) is type(net[0])
assert again[0].k is net[0].k
import multiprocessing as mp
with mp.get_context('fork').Pool(2) as pool:
    assert pool.map(type, net) == [type(net[0])]
""",
    ),
    "a_pool_runs_functions_of_the_notebook_and_the_cell": (
        """\
factor = 3
def f(x): return x * factor
""",
        """\
import multiprocessing as mp
from concurrent.futures import ProcessPoolExecutor
def g(x): return f(x) + 1
with mp.get_context('fork').Pool(2) as pool:
    assert pool.map(f, [1, 2]) == [3, 6]
    assert pool.map(g, [1, 2]) == [4, 7]
with ProcessPoolExecutor(2, mp_context=mp.get_context('fork')) as pool:
    assert list(pool.map(g, [1])) == [4]
""",
    ),
    "setstate_may_use_the_notebook": (
        """\
import math
def helper(x): return math.floor(x)
limit = 3
class D:
    def __getstate__(self): return {'x': 2.5}
    def __setstate__(self, s): self.y = helper(s['x']) + limit
d = D()
items = {'a': [d]}
""",
        """\
assert items['a'][0].y == 5
""",
    ),
    "functions_in_containers": (
        """\
scale = 4
fs = {'a': lambda x: x * scale, 'b': [lambda x: x + scale]}
""",
        """\
assert fs['a'](2) == 8 and fs['b'][0](1) == 5
""",
    ),
    "source_can_be_inspected": (
        """\
import inspect, functools, dataclasses
def f(x):
    return x + 41
class A:
    def method(self):
        return 'in a method'
    @property
    def shown(self):
        return 'in a property'
    @staticmethod
    def alone():
        return 'in a static method'
twice = lambda x: x * 2
def make():
    def inner():
        return 'inside'
    return inner
inner = make()
def wrap(function):
    @functools.wraps(function)
    def wrapper(*a):
        return function(*a)
    return wrapper
@wrap
def wrapped():
    return 'wrapped'
@functools.lru_cache
def cached():
    return 'cached'
@dataclasses.dataclass
class D:
    x: int = 1
    def get(self):
        return self.x
def walk(n):
    yield from (i for i in range(n))
async def later():
    return 'later'
text = 'def made():\\n    return "made"\\n'
import linecache
linecache.cache['<made>'] = (len(text), None, text.splitlines(True), '<made>')
exec(compile(text, '<made>', 'exec'))
code = compile('1 / 0', '<made>', 'eval')
""",
        """\
assert 'x + 41' in inspect.getsource(f)
def g():
    return 'here'
assert "'here'" in inspect.getsource(g)
source = inspect.getsource
assert "'in a method'" in source(A.method) and "'in a method'" in source(A().method)
assert "'in a property'" in source(A.shown.fget)
assert "'in a static method'" in source(A.alone)
assert 'x * 2' in source(twice)
assert "'inside'" in source(make) and source(inner).count('\\n') == 2
assert "'wrapped'" in source(wrapped) and 'return function' in source(wrapped.__code__)
assert "'cached'" in source(cached)
assert 'self.x' in source(D.get) and D().get() == 1
assert 'yield from' in source(walk) and 'range(n)' in source(walk(1).gi_code)
assert "'later'" in source(later)
assert 'return "made"' in source(made) and code.co_filename == '<made>'
""",
    ),
    "weird_defaults_and_annotations": (
        """\
class Cfg: n = 3
def f(a, b=Cfg.n, *c, d: 'Cfg' = None, **e) -> Cfg: return b
""",
        """\
assert f(1) == 3
assert f.__annotations__['return'] is Cfg
""",
    ),
    "pydantic_models": (
        """\
from pydantic import BaseModel
class Settings(BaseModel):
    lr: float = 0.1
    sizes: list[int] = [1]
settings = Settings(lr='0.5')
""",
        """\
assert settings.lr == 0.5
assert Settings.model_validate({'lr': 1}).lr == 1.0
assert isinstance(settings, Settings)
""",
    ),
    "a_library_patched_by_name": (
        """\
import json as j
import os.path as osp, xml.etree.ElementTree
def f(): return j.dumps(1) + osp.basename('/a')

""",
        """\
assert f() == '1a'
assert j.loads('2') == 2
assert xml.etree.ElementTree.fromstring('<a/>').tag == 'a'
""",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_definitions_of_the_notebook_work_in_the_run(notebook: Make, name: str) -> None:
    before, cell = CASES[name]
    notebook(before).run(cell)


def test_a_function_has_the_source_of_the_cell_that_defined_it_last(notebook: Make) -> None:
    cells = (
        "def f():\n    return 'old'",
        "old = f",
        "import inspect\n\ndef f():\n    return 1 / 0",
    )
    made = notebook(*cells)
    made.run("assert '1 / 0' in inspect.getsource(f) and 'old' in inspect.getsource(old)")
    made.freeze("f()")
    assert "    return 1 / 0\n" in made.thaw().stderr


@pytest.mark.slow
def test_a_module_of_the_notebook_can_be_scripted(notebook: Make) -> None:
    before = """
import torch
class Net(torch.nn.Module):
    def forward(self, x):
        return x * 2
def half(x):
    return x / 2
"""
    cell = """
import warnings
warnings.simplefilter("ignore")
assert torch.jit.script(Net())(torch.ones(1)).item() == 2
assert torch.jit.script(half)(torch.ones(1)).item() == 0.5
"""
    notebook(before).run(cell)


def test_a_function_is_alike_in_another_kernel_whose_cells_have_other_file_names() -> None:
    def made(text: str, filename: str) -> object:
        namespace: dict[str, object] = {"__name__": "__main__"}
        exec(compile(text, filename, "exec"), namespace)
        return namespace["f"]

    text = "def f():\n    return lambda: 3"
    assert values_equal(made(text, "/tmp/1/a.py"), made(text, "/tmp/2/a.py"), {})
    assert not values_equal(made(text, "a.py"), made(text.replace("3", "4"), "a.py"), {})
