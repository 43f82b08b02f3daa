"""Other people's solvers behind the same protocol, for comparison."""

if __name__ != "vrp.baselines":
    raise ImportError("Import `vrp.baselines`; the folder `baselines` is not a package of its own.")
