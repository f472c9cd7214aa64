"""Chapter 17, exercises: replace every `raise NotImplementedError` until this passes:

    pytest docs/exercises/ch17_limits.py
"""

import checker


def by_hand():
    """Exercise 1, by hand. Two numbers, to three decimals:

    5 % of the people are sad; 66 % of them are found and 12 % of the others flagged. The share of
    right alarms; and the share of sad people from which on half of the alarms are right.
    """
    raise NotImplementedError


def test_by_hand():
    checker.by_hand("limits", by_hand())
