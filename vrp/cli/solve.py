"""`vrp solve FILE`: solve a problem, print the summary, write the plan."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from vrp.cli.files import MAP_SUFFIXES, SOLVERS, add_rounding, check_output, rehearse
from vrp.cli.progress import Progress
from vrp.errors import OptionError

if TYPE_CHECKING:
    from vrp.solution import Solution


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "solve",
        help="solve a problem and print the plan",
        description="Solve a problem and print a summary. Ctrl-C ends the search and takes its best plan so far.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help='the problem; "-" reads stdin')
    parser.add_argument("more", nargs="*", default=[], help=argparse.SUPPRESS)  # only to say what to do instead
    parser.add_argument("--time", type=float, metavar="SECONDS", help="time limit (5 s without --iterations)")
    parser.add_argument("--iterations", type=int, metavar="N", help="iteration limit; alone, there is no time limit")
    parser.add_argument("--solver", default="auto", metavar="NAME", help=f"auto, {SOLVERS}")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of everything random (0)")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of the search (all usable cores)")
    add_rounding(parser)
    parser.add_argument("--out", metavar="PATH", help="write the plan; .json, .sol, .geojson or .csv")
    parser.add_argument("--map", metavar="PATH", help="write a map: one .html file that needs no network")
    parser.add_argument("--json", action="store_true", help="print the plan as JSON instead of the summary")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors (and the JSON of --json)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Solve and report; 0, or 3 where stops that must be served are not."""
    from vrp.api import solve
    from vrp.arguments import checked_arguments
    from vrp.formats import SOLUTION_SUFFIXES, read

    if args.more:
        raise OptionError(
            f"vrp solve takes one file, got {args.file!r} and {args.more[0]!r}. A table of vehicles (vehicles.csv) is "
            "found beside the table of stops; name the stops alone, or their folder."
        )
    check_output("--out", args.out, SOLUTION_SUFFIXES, [args.file])
    check_output("--map", args.map, MAP_SUFFIXES, [args.file])
    limits: dict[str, Any] = {
        "time_limit": args.time,
        "max_iterations": args.iterations,
        "solver": args.solver,
        "seed": args.seed,
        "threads": args.threads,
    }
    checked_arguments(**limits, options=None)  # before the file, which may be large
    problem = read(args.file, args.rounding)
    rehearse(problem, args.out, args.map)
    with Progress(args.quiet) as progress:
        solution = solve(problem, **limits, on_progress=progress)
    _write(solution, args)
    return 3 if any(stop.required for stop in solution.unserved) else 0


def _write(solution: "Solution", args: argparse.Namespace) -> None:
    # Files first: they must exist even if whoever reads stdout has gone.
    if args.out:
        solution.write(args.out)
    if args.map:
        solution.map(args.map)
    if args.json:
        json.dump(solution.to_dict(), sys.stdout, allow_nan=False)
        sys.stdout.write("\n")
    elif not args.quiet:
        print(solution.summary())
        for path in filter(None, (args.out, args.map)):
            print(f"written: {path}")
