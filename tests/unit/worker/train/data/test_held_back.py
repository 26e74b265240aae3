import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from worker.train.data.held_back import hold_back_rows

fractions = st.floats(0.01, 0.9)


@given(samples=st.integers(2, 300), fraction=fractions)
def test_numbers_are_split_as_scikit_learn_splits_them(samples: int, fraction: float) -> None:
    try:
        expected = train_test_split(np.arange(samples), test_size=fraction, random_state=0)
    except ValueError:
        with pytest.raises(ValueError, match="none is left"):
            hold_back_rows(samples, fraction, None)
        return
    for rows, theirs in zip(hold_back_rows(samples, fraction, None), expected, strict=True):
        np.testing.assert_array_equal(rows, theirs)


@example(counts=[2], fraction=0.75, seed=0)
@given(counts=st.lists(st.integers(2, 40), min_size=1, max_size=12), fraction=fractions, seed=st.integers(0, 999))
def test_classes_are_split_as_scikit_learn_splits_them(counts: list[int], fraction: float, seed: int) -> None:
    classes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)) * 3, counts))
    try:
        expected = train_test_split(np.arange(len(classes)), test_size=fraction, random_state=0, stratify=classes)
    except ValueError:
        with pytest.raises(ValueError, match=r"too few|none is left"):
            hold_back_rows(len(classes), fraction, classes)
        return
    for rows, theirs in zip(hold_back_rows(len(classes), fraction, classes), expected, strict=True):
        np.testing.assert_array_equal(rows, theirs)


@given(classes=st.lists(st.integers(0, 5), min_size=4, max_size=60))
def test_a_class_of_one_sample_cannot_be_split(classes: list[int]) -> None:
    assume(1 in np.bincount(classes))
    with pytest.raises(ValueError, match="one sample only"):
        hold_back_rows(len(classes), 0.5, np.array(classes))
