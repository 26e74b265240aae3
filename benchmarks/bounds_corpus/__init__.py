"""Random small tasks with range tests and ground truth, to which the correction of the bounds is fitted."""
