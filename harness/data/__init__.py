"""Data on this machine: how it gets there, verification, and reading it safely."""
