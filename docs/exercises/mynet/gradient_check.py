"""Chapter 4: a gradient check of your own. The later chapters run it on your layers."""



def largest_relative_error(forward, backward, x, dout, floor=1e-2):
    """(error, index): the largest relative error of backward(x, dout), and where in x it is.

    forward(x) -> out, backward(x, dout) -> dx; x and dout are float64. Central differences with
    h = 1e-5, for every coordinate, and the error |a - n| / max(|a|, |n|, floor). Leave x as it was.
    error: a float; index: a tuple of integers.
    """
    raise NotImplementedError
