"""Search: ruin and recreate, compiled."""

from vrp.solvers.search.engine import Search as Search
