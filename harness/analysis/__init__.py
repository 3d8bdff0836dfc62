"""Statistics of a finished study: tests, intervals, aggregates, anytime measures, wording."""
