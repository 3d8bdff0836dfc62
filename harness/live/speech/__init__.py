"""Speech: texts, recordings, spectrograms, and what is measured of synthesised speech."""
