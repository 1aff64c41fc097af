"""The query language that selects runs: `lr < 1e-3 and state == finished and tag:best`.

A query is parsed by a grammar of its own and never evaluated as code. The panel has the same
grammar in TypeScript; `tests/query/cases.json` holds both to the same answers.
"""

from wandb_magic.query.query import Query, parse_query
from wandb_magic.query.run_fields import QueryRun

__all__ = ["Query", "QueryRun", "parse_query"]
