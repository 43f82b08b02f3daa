"""Where problems come from: generators, roads, benchmarks."""

if __name__ != "vrp.data":
    raise ImportError("Import `vrp.data`; the folder `data` is not a package of its own.")

from vrp.data.example import example as example
