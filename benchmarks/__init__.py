"""What is claimed of speed and accuracy, and how to repeat it."""
