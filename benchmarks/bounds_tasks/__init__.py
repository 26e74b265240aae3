"""Our own tasks for judging rules for learning-rate bounds: never used to choose a rule or a constant."""
