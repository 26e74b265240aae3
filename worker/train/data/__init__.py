"""Data: datasets, their splits, sampling, augmentation and batches."""
