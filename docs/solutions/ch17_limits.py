"""Chapter 17, exercises: replace every `raise NotImplementedError`."""


def by_hand():
    """Exercise 1, by hand. Two numbers, to three decimals:

    5 % of the people are sad; 66 % of them are found and 12 % of the others flagged. The share of
    right alarms; and the share of sad people from which on half of the alarms are right.
    """
    # solution
    # Half are right where base * 0.66 = (1 - base) * 0.12.
    return 0.05 * 0.66 / (0.05 * 0.66 + 0.95 * 0.12), 0.12 / (0.66 + 0.12)
