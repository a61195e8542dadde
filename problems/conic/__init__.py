"""Branch-flow cone programs shared by all exact models: rows, solvers, checks, the direct path."""
