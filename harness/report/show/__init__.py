"""What a person wants to see of a training or of a run: curves, drawings, pictures and sound."""
