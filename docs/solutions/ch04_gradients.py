"""Chapter 4, exercises: replace every `raise NotImplementedError`."""



def by_hand():
    """Exercise 1, by hand. f(x) = x^4 at x = 1, h = 0.1.

    Return (forward difference, central difference, h^2/6 f'''(1)).
    """
    # solution
    # (1.4641 - 1) / 0.1; (1.4641 - 0.6561) / 0.2 = 4 + 4 h^2; f''' = 24 x, so 0.01 / 6 * 24.
    return 4.641, 4.04, 0.04


def fourth_order(f, x, h):
    """Exercise 2. The slope of f at x from f(x - 2h), f(x - h), f(x + h), f(x + 2h), error O(h^4).

    Combine the central differences of steps h and 2h so that their h^2 terms cancel.
    """
    # solution
    # By Taylor D(h) = (f(x + h) - f(x - h)) / 2h = f' + c h^2 + d h^4 + ..., the even terms cancel;
    # c = f'''/6 and d = f^(5)/120. So D(2h) = f' + 4 c h^2 + 16 d h^4 + ..., and in
    # 4 D(h) - D(2h) = 3 f' - 12 d h^4 the h^2 is gone: divide by 3. The error is -f^(5)/30 h^4.
    near = (f(x + h) - f(x - h)) / (2 * h)
    far = (f(x + 2 * h) - f(x - 2 * h)) / (4 * h)
    return (4 * near - far) / 3
