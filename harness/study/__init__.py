"""Studies: what is to be run, running it, and keeping what was run."""
