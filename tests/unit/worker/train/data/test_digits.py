import numpy as np
from sklearn import datasets

from worker.train.data.digits import load_digits


def test_the_digits_are_those_that_scikit_learn_loads() -> None:
    images, labels = load_digits()
    expected_images, expected_labels = datasets.load_digits(return_X_y=True)
    assert images.dtype == expected_images.dtype
    np.testing.assert_array_equal(images, expected_images)
    np.testing.assert_array_equal(labels, expected_labels)
