"""Search: ruin and recreate, compiled."""

from vrp.solvers.search.engine import Search as Search
from vrp.solvers.search.warmth import cache_info as cache_info
from vrp.solvers.search.warmth import compile_all as compile_all
