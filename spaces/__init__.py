"""Search spaces and their benchmarks, one package a space."""
