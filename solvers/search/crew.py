"""Crew: several searches of one problem, each on its own thread, and the plans that they pass to each other.

A single annealing now and then goes on from the best plan that another one is at: parallel annealing with selection.
Populations have one pool; whoever is free makes the next child of it.
"""

import threading

import numpy as np

from vrp.solvers.search.population import Elite, Shape

LEVELS = 100
"""Times that an annealing looks at the plans of the others. On five instances of the X set with 203 to 316 clients, two
threads with 100,000 iterations each then end where one does with 200,000: 0.90 and 0.91 % (mean gaps of two seeds; 0.95
with 20 times, 0.97 with 400, 1.07 apart)."""
MOVES = 5
"""Times that a population that is bred takes in the best plan of the others; with more of them, all become alike."""


class Crew:
    """What the searches of one problem share. Each has a place in it, from 0."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.pool: list[Elite] = []
        self._shape: Shape | None = None
        self._at: list[Elite | None] = [None] * size
        self._lock = threading.Lock()

    def agree(self, shape: Shape) -> Shape:
        """Return the shape that the first one to ask has proposed; each has a part in the first plans."""
        with self._lock:
            if self._shape is None:
                self._shape = shape if shape.plans == 1 else shape._replace(plans=max(shape.plans, 2 * self.size))
            return self._shape

    def meet(self, place: int, at: Elite) -> Elite | None:
        """Tell the others where this search is, and return the best plan that another one is at, if it is better."""
        self._at[place] = at
        others = [plan for i, plan in enumerate(self._at) if i != place and plan is not None]
        best = min(others, key=Elite.rank, default=at)
        return best if best.rank() < at.rank() else None

    def add(self, plan: Elite) -> None:
        """Put a first plan into the pool."""
        with self._lock:
            self.pool.append(plan)

    def parents(self, rng: np.random.Generator) -> tuple[Elite, Elite]:
        """Choose two plans of the pool: the better of two, and any other, in any order."""
        with self._lock:
            pool = self.pool
            x, y = rng.choice(len(pool), 2, replace=False)
            a = min(pool[x], pool[y], key=Elite.rank)
            others = [p for p in pool if p is not a]
            b = others[rng.integers(len(others))]
        return (a, b) if rng.random() < 0.5 else (b, a)

    def welcome(self, child: Elite) -> None:
        """Let a child take the place of the worst plan, unless it is worse or there already."""
        with self._lock:
            worst = max(range(len(self.pool)), key=lambda i: self.pool[i].rank())
            if child.rank() < self.pool[worst].rank() and not any(child.equals(p) for p in self.pool):
                self.pool[worst] = child
