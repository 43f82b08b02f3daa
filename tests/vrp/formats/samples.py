"""One small valid text of every format."""

import json

CVRP = """NAME: tiny
COMMENT: five stops
TYPE: CVRP
DIMENSION: 6
EDGE_WEIGHT_TYPE: EUC_2D
CAPACITY: 10
NODE_COORD_SECTION
1 0 0
2 3 4
3 6 8
4 -3 4
5 0 10.5
6 1 1
DEMAND_SECTION
1 0
2 4
3 4
4 4
5 4
6 4
DEPOT_SECTION
1
-1
EOF
"""

RICH = """NAME: rich
TYPE: MDVRPTW
DIMENSION: 7
VEHICLES: 3
EDGE_WEIGHT_TYPE: EUC_2D
VEHICLES_MAX_DURATION: 500
SERVICE_TIME: 10
NODE_COORD_SECTION
1 0 0
2 50 50
3 3 4
4 6 8
5 -3 4
6 0 10.5
7 1 1
DEMAND_SECTION
1 0
2 0
3 4
4 4
5 4
6 4
7 4
TIME_WINDOW_SECTION
1 0 900
2 0 900
3 0 100
4 10 200
5 0 300
6 0 300
7 0 300
RELEASE_TIME_SECTION
1 0
2 0
3 5
4 0
5 0
6 0
7 0
PRIZE_SECTION
1 0
2 0
3 0
4 7
5 0
6 0
7 0
CAPACITY_SECTION
1 10
2 10
3 20
VEHICLES_DEPOT_SECTION
1 1
2 1
3 2
VEHICLES_RELOAD_DEPOT_SECTION
1 1
2 1
3
VEHICLES_ALLOWED_CLIENTS_SECTION
1 3 4
2 3 4
3 3 4 5 6 7
MUTUALLY_EXCLUSIVE_GROUP_SECTION
1 6 7
2 5
DEPOT_SECTION
1
2
-1
EOF
"""

MATRIX = """NAME: matrix
TYPE: TSP
DIMENSION: 4
EDGE_WEIGHT_TYPE: EXPLICIT
EDGE_WEIGHT_FORMAT: UPPER_ROW
EDGE_WEIGHT_SECTION
 1 2 3
 4 5
 6
EOF
"""

GEO = """NAME: geo
TYPE: TSP
DIMENSION: 3
EDGE_WEIGHT_TYPE: GEO
NODE_COORD_SECTION
 1 16.47 96.10
 2 16.47 94.44
 3 20.09 92.54
EOF
"""

SOLOMON = """tiny

VEHICLE
NUMBER     CAPACITY
  25         200

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE TIME

    0      40         50          0          0       1236          0
    1      45         68         10        912        967         90
    2      45         70         30        825        870         90
"""

LILIM = """25\t200\t1
0\t40\t50\t0\t0\t1236\t0\t0\t0
1\t45\t68\t-10\t912\t967\t90\t2\t0
2\t45\t70\t10\t825\t870\t90\t0\t1
"""

EVRPTW = """StringID   Type       x          y          demand     ReadyTime  DueDate    ServiceTime
D0         d          40.0       50.0       0.0        0.0        1236.0     0.0
S0         f          40.0       50.0       0.0        0.0        1236.0     0.0
C98        c          58.0       75.0       20.0       181.0      247.0      90.0
C78        c          88.0       35.0       20.0       667.0      731.0      90.0

Q Vehicle fuel tank capacity /77.75/
C Vehicle load capacity /200.0/
r fuel consumption rate /1.0/
g inverse refueling rate /3.47/
v average Velocity /1.0/
"""

VROOM_DATA = {
    "vehicles": [
        {
            "id": 1,
            "start": [2.35, 48.72],
            "end": [2.35, 48.72],
            "capacity": [4],
            "skills": [1, 14],
            "time_window": [28800, 43200],
            "breaks": [{"id": 1, "service": 300, "time_windows": [[32400, 32400]]}],
            "max_tasks": 5,
            "speed_factor": 1.1,
        },
        {"id": 2, "start": [2.35, 48.72], "capacity": [4], "skills": [2, 14], "description": "van"},
    ],
    "jobs": [
        {"id": 1, "service": 300, "delivery": [1], "location": [1.98, 48.7], "skills": [1]},
        {"id": 2, "setup": 60, "pickup": [1], "location": [2.03, 48.6], "time_windows": [[0, 36000], [40000, 50000]]},
    ],
    "shipments": [
        {
            "amount": [1],
            "skills": [2],
            "pickup": {"id": 4, "location": [2.41, 49.22]},
            "delivery": {"id": 3, "location": [2.39, 49.07]},
        }
    ],
}
VROOM = json.dumps(VROOM_DATA, indent=1)

VROOM_MATRIX_DATA = {
    "vehicles": [{"id": 0, "start_index": 0, "end_index": 3}],
    "jobs": [{"id": 14, "location_index": 1}, {"id": 15, "location_index": 2}],
    "matrices": {
        "car": {"durations": [[0, 2104, 197, 1299], [2103, 0, 2255, 3152], [197, 2256, 0, 1102], [1299, 3153, 1102, 0]]}
    },
}
VROOM_MATRIX = json.dumps(VROOM_MATRIX_DATA)

NATIVE = json.dumps(
    {
        "format": "vrp-problem",
        "version": 1,
        "name": "ours",
        "coords": [[0, 0], [3, 4], [6, 8]],
        "delivery": [[1], [2]],
        "prize": [5, "inf"],
        "vehicles": [{"count": 2, "capacity": [3], "shift": [0, "inf"], "breaks": [[10, 20]]}],
    }
)

STOPS_CSV = "name,x,y,demand,open,close\nhub,0,0,,0,900\na,3,4,2,,\nb,6,8,1,10,600\n"
VEHICLES_CSV = "name,count,capacity,shift_start,shift_end\nvan,2,3,0,900\n"

SOL = "Route #1: 1 2\nRoute #2: 3 4\nRoute #3: 5\nCost 52\n"

TEXTS = {
    "cvrp": CVRP,
    "rich": RICH,
    "matrix": MATRIX,
    "geo": GEO,
    "solomon": SOLOMON,
    "lilim": LILIM,
    "evrptw": EVRPTW,
    "vroom": VROOM,
    "vroom matrix": VROOM_MATRIX,
    "native": NATIVE,
}
