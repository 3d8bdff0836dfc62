"""Reports of a study: text formats, and the JSON that other programs read."""
