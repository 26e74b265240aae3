"""One step of training: loss, optimizer, averages, and what is measured."""
