"""Benchmarks of the solver, and the generator of made-up instances that they run on."""
