"""`vrp convert A B`: write a problem in another format."""

import argparse

from vrp.cli.files import add_rounding, check_output


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "convert",
        help="write a problem in another format",
        description="Read a problem and write it in the format that the ending of B chooses: .json (our own),"
        " .vroom.json (VROOM's input), .vrp (VRPLIB) or stops.csv, beside which vehicles.csv is written. What that"
        " format cannot hold is an error, never left out, but for some names: no notes and no name of the problem in"
        " tables and VROOM's input, nor names of depots in VROOM's, where stops and vehicles have theirs behind ids.",
        allow_abbrev=False,
    )
    parser.add_argument("source", metavar="A", help='the problem to read; "-" reads stdin')
    parser.add_argument("target", metavar="B", help="the file to write")
    add_rounding(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Convert."""
    from vrp.formats import PROBLEM_SUFFIXES, read, write

    check_output("B", args.target, PROBLEM_SUFFIXES, [args.source])
    write(read(args.source, args.rounding), args.target)
    return 0
