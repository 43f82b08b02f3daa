"""Where problems come from: generators, roads, benchmarks."""

if __name__ != "vrp.data":
    raise ImportError("Import `vrp.data`; the folder `data` is not a package of its own.")

from vrp.data.example import example as example
from vrp.data.osrm import OsrmError as OsrmError
from vrp.data.roads import RoadTable as RoadTable
from vrp.data.roads import SnapWarning as SnapWarning
from vrp.data.roads import osrm_table as osrm_table
from vrp.data.roads import read_osrm_table as read_osrm_table
