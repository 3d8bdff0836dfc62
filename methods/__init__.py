"""Search methods, one a file."""
