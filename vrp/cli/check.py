"""`vrp check FILE SOLUTION`: prove a plan feasible, or list what it breaks."""

import argparse
import json

from vrp.cli.files import add_rounding
from vrp.errors import OptionError


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "check",
        help="check a plan and recompute its cost",
        description="Recompute a plan from its routes alone: list every constraint that it breaks, and its cost.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help='the problem; "-" reads stdin')
    parser.add_argument("solution", metavar="SOLUTION", help='the plan, .sol, .json or .csv; "-" reads stdin')
    add_rounding(parser)
    parser.add_argument("--json", action="store_true", help="print violations and cost as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check and report; 0, or 3 where something is violated."""
    from vrp.check import check
    from vrp.formats import read, read_solution

    if args.file == args.solution == "-":
        raise OptionError("FILE and SOLUTION cannot both be read from stdin.")
    problem = read(args.file, args.rounding)
    solution = read_solution(args.solution, problem)
    violations = check(problem, solution)
    cost = sum(solution.cost_table.values())  # the recomputed one; solution.cost is what the file states
    if args.json:
        listed = [
            {"kind": v.kind, "message": v.message, "route": v.route, "stop": v.stop, "amount": v.amount}
            for v in violations
        ]
        answer = {"feasible": not violations, "cost": cost, "cost_table": dict(solution.cost_table)}
        print(json.dumps({**answer, "violations": listed}))
    else:
        for violation in violations:
            print(f"violation: {violation}")
        for term, amount in solution.cost_table.items():
            if amount:
                print(f"{term:>16} {amount:16,.2f}")
        print(f"{'cost':>16} {cost:16,.2f}")
        for note in problem.notes:
            print(f"note: {note}")
        if any(v.kind == "stated cost" for v in violations) and problem.distance is None and problem.crs == "planar":
            print("note: if the plan's author rounds distances otherwise, say how with --rounding")
        print(f"{len(violations)} violations" if violations else "feasible: no violations")
    return 3 if violations else 0
