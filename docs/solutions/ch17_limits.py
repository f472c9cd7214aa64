"""Chapter 17, solutions."""


def by_hand():
    # Half are right where base * 0.66 = (1 - base) * 0.12.
    return 0.05 * 0.66 / (0.05 * 0.66 + 0.95 * 0.12), 0.12 / (0.66 + 0.12)
