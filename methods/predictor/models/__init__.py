"""Predictors: what the methods here share, and what ``harness rank`` compares; one a file."""
