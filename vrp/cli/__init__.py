"""The command `vrp`: one verb per module, each with `add_parser` (cheap) and `run` (imports what it needs)."""

import argparse
import io
import os
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

from vrp.cli import bench, check, convert, doctor, solve
from vrp.errors import SolverError, VrpError

OK, DEFECT, BAD_INPUT, PARTIAL = 0, 1, 2, 3
INTERRUPTED, BROKEN_PIPE = 130, 141
"""128 + the number of the signal, as shells have it."""

EPILOG = """\
exit codes:
  0    done; every stop that must be served is served
  1    a defect of this program
  2    bad input: a file, an option or a problem that the solver cannot honour; the message is on stderr
  3    partial: stops that must be served are not; for check: the plan breaks constraints
  130  interrupted (Ctrl-C). During solve, the first Ctrl-C ends the search and its best plan so far counts
       like any other (0 or 3); a second one gives 130.

FILE is any of the formats that vrp.read knows, told by its content; "-" reads it from stdin.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    _ready_streams()
    args = _parser().parse_args(argv)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            code: int = args.run(args)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read our output is gone; let the interpreter's last flush go nowhere instead of failing.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return BROKEN_PIPE
        except KeyboardInterrupt:
            return _failed("interrupted", INTERRUPTED)
        except SolverError as error:
            return _failed(str(error), DEFECT)
        except VrpError as error:
            return _failed(str(error), BAD_INPUT)
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            return _failed(f"{place}{error.strerror or error}", BAD_INPUT)
        return code


def _ready_streams() -> None:
    """Let text that an encoding lacks be written as escapes, and text for a stream that the shell closed go nowhere."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vrp",
        description="Vehicle routing: from stops to proven routes.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in (solve, check, convert, bench, doctor):
        verb.add_parser(verbs)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import vrp

        print(f"vrp {vrp.__version__}")
        parser.exit()


def _failed(message: str, code: int) -> int:
    print(f"vrp: {message}", file=sys.stderr)
    return code


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print(f"vrp: warning: {message}", file=sys.stderr)
