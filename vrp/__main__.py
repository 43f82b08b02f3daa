"""`python -m vrp` is the command `vrp`."""

import sys

from vrp.cli import main

if __name__ == "__main__":
    sys.exit(main())
