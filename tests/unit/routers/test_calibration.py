import numpy as np
import pytest

from routers.calibration import best_temperature, best_threshold, calibration_error
from routers.features import normalised_entropy


def test_entropy_runs_from_sure_to_uniform():
    rows = np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], dtype=np.float32)

    assert normalised_entropy(rows).tolist() == pytest.approx([0, 1], abs=1e-5)


def test_boasting_logits_are_cooled():
    logits = np.array([[9, 0]] * 4, dtype=np.float32)

    # Three in four are right: log odds of 1.1 would be honest, 9 is not.
    assert best_temperature(logits, np.array([0, 0, 0, 1])) > 2


def test_tau_parts_known_from_unknown():
    entropy = np.array([0.1, 0.2, 0.7, 0.9], dtype=np.float32)
    is_known = np.array([True, True, False, False])

    found = best_threshold(entropy, is_known, is_known)

    assert 0.2 <= found.tau < 0.7
    assert (found.known_right, found.unknown_recall) == (1, 1)


def test_calibration_error_is_the_gap_to_the_truth():
    confidence = np.full(4, 0.9, dtype=np.float32)

    # 0.9 claimed, 0.5 right
    found = calibration_error(confidence, np.array([True, True, False, False]))

    assert found == pytest.approx(0.4, abs=1e-6)
