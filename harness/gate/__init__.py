"""What holds results to account: baselines, published numbers, and runs done again."""
