"""A file with a depot and four stops, for the tests of the command line."""

FILE = """\
NAME : five
TYPE : CVRP
DIMENSION : 5
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 2
NODE_COORD_SECTION
1 0 0
2 3 4
3 6 8
4 -3 4
5 0 9
DEMAND_SECTION
1 0
2 1
3 1
4 1
5 1
DEPOT_SECTION
1
-1
EOF
"""
EACH_ALONE = 2 * (5 + 10 + 5 + 9)
"""Cost of one route per stop, as the stand-in plans it."""
