"""Images to learn from: data sets, augmentation, masks and measures."""
