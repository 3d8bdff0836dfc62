"""Methods that learn to predict scores: one method a file, with the predictors in `models`."""
