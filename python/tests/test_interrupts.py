"""Ctrl-C at random moments; interrupts.py makes many more."""

from interrupts import interrupt


def test_interrupts_at_random_moments(tmp_path):
    assert set(interrupt(24, 1, tmp_path)) == {"train", "evaluate", "calibrate", "export"}
