"""One step of training: loss, optimizer, averages, and measurements."""
