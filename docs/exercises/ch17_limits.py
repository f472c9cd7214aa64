"""Chapter 17, the tests. The answers: ch17_limits.py of a workspace."""

import checker
from answers import by_hand


def test_by_hand():
    """1 Count the alarms of 10,000 people: right ones and false ones.
    2 Right alarms 0.05 times 0.66, false ones 0.95 times 0.12.
    3 Half are right where base times 0.66 is (1 - base) times 0.12; solve for base.
    """
    checker.by_hand("limits", by_hand())
