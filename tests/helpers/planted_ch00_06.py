"""Wrong answers, planted in the solutions: what the checker must catch, and what it must say.

    chapter: {test: [(what is replaced, by what, what the message must contain), ...]}

The replacement is made in the chapter's solutions or, with a piece's name in front, in that piece.
"""

PLANTED = {
    "ch01_faces": {
        "test_by_hand": [
            ("0.333, 0.46", "0.5, 0.46", "there are three classes"),
            ("0.46, 0.6, ", "0.6, 0.6, ", "proportional guessing is not 0.6"),
            ("0.8 - 1.96 * 0.04", "0.8 - 0.04", "one standard error"),
            ("0.8 + 1.96 * 0.04", "0.8 + 1.96 * 0.16", "the root is missing")],
        "test_scores": [
            ("right[labels == c].mean()", "right[predictions == c].mean()",
             "this is the precision"),
            ("right[labels == c].mean()", "right[labels == c].sum()", "these are counts"),
            ("recall, recall.mean()", "recall, right.mean()", "this is the plain accuracy")],
        "test_memory_looks_like_learning": [
            ("test[:copied], test_labels[:copied] = train[:copied], train_labels[:copied]",
             "test[:copied] = train[:copied]", "copy image and label"),
            ("argmin", "argmax", "with wrong labels"),
            ("round(s * n)", "n - round(s * n)", "with s = 0 nothing is copied")],
    },
    "ch02_linear": {
        "test_by_hand": [
            ("0.25, 0.75, 1.386", "0.75, 0.25, 1.386", "exchanged"),
            ("1.386", "0.288", "the loss for label 1"),
            ("-0.75, 0.75", "0.25, 0.75", "not subtracted")],
        "test_softmax": [
            ("losses", "e / e.sum(axis=1, keepdims=True)", "e / e.sum(axis=0)", "over the images"),
            ("losses", "e / e.sum(axis=1, keepdims=True)", "e / e.sum()", "over everything"),
            ("losses", "e = np.exp(z - z.max(axis=1, keepdims=True))", "e = np.exp(z)",
             "overflow")],
        "test_softmax_cross_entropy": [
            ("losses", ".sum() / N", ".sum()", "this is the sum over the images"),
            ("losses", ".sum() / N", ".sum() / s.sum()", "by the sum of the weights"),
            ("losses", "dz[rows, labels] -= 1", "pass", "the 1 of the label is not subtracted"),
            ("losses", "dz *= (s / N)", "dz *= (np.ones(N) / N)", "but not in its gradient"),
            ("losses", "np.asarray(class_weights)[labels]", "np.resize(class_weights, N)",
             "by image number, not by label")],
        "test_softmax_backward": [
            ("p * (dp - (dp * p).sum(axis=1, keepdims=True))", "p * (1 - p) * dp",
             "only the diagonal"),
            ("p * (dp - (dp * p).sum(axis=1, keepdims=True))", "p * dp",
             "the sum over k is missing"),
            ("p * (dp - (dp * p).sum(axis=1, keepdims=True))", "-p * (dp - (dp * p).sum(axis=1, "
             "keepdims=True))", "the sign is turned")],
        "test_smoothed_cross_entropy": [
            ("t = np.full((N, K), epsilon / (K - 1))\n    t[np.arange(N), labels] = 1 - epsilon",
             "t = np.full((N, K), epsilon / K)\n    t[np.arange(N), labels] += 1 - epsilon",
             "shared among all K"),
            ("epsilon / (K - 1))", "0.0)", "other classes' part is missing"),
            ("(np.exp(log_p) - t) / N", "np.exp(log_p) - t", "every number is 5 times")],
        "test_what_class_weights_do": [
            ("totals = counts * weights", "totals = counts", "the weights are not used"),
            ("totals = counts * weights", "totals = weights * 300", "the images are not counted"),
            ("totals = counts * weights", "totals = counts / weights", "the weights divide")],
    },
    "ch04_gradients": {
        "test_by_hand": [
            ("4.641, 4.04", "4.04, 4.04", "this is the central difference"),
            ("4.641, 4.04", "4.641, 8.08", "divide by 2h"),
            ("4.04, 0.04", "4.04, 0.24", "the 6 is missing")],
        "test_fourth_order": [
            ("(4 * near - far) / 3", "near", "central difference of step h"),
            ("(4 * near - far) / 3", "(near + far) / 2", "do not cancel"),
            ("(4 * near - far) / 3", "(4 * far - near) / 3", "exchanged")],
        "test_gradient_check": [
            ("gradient_check", "dout * (up - down)", "up - down", "is dout used"),
            ("gradient_check", "/ np.maximum(np.maximum(np.abs(a), np.abs(n)), floor)", "",
             "the absolute error"),
            ("gradient_check", "np.maximum(np.maximum(np.abs(a), np.abs(n)), floor)",
             "np.maximum(np.abs(a), np.abs(n))", "the floor is missing"),
            ("gradient_check", "x[i] = lower = value - h", "x[i] = lower = value",
             "is the difference central"),
            ("gradient_check", "        x[i] = value\n", "", "x is not put back")],
        "test_best_step_in_float32": [
            ("dtype=np.float32)", "dtype=np.float64)", "float64's best step"),
            ("up, down = x + h, x - h", "up, down = x + h, x", "for a forward difference"),
            ("min(found)", "max(found)", "the curve's bend")],
    },
    "ch03_layers": {
        "test_by_hand": [
            ("[[1, -1], [-1, 1 + 4]]", "[[1, 0], [-3, 4]]", "w must be transposed"),
            ("dx, dw, [0, 2]", "dx, dw, [0, 1]", "this is the mean"),
            ("0 + 4 + 1", "0 + 4", "the bias is missing")],
        "test_dense_forward": [
            ("dense", ' + self.params["b"]', "", "the bias is missing"),
            ("dense", ' + self.params["b"]', ' - self.params["b"]', "the bias is subtracted"),
            ("dense", "return x @", "return 2 * x @", "out is wrong")],
        "test_dense_backward": [
            ("dense", "self.x.T @ dout,", "dout.T @ self.x,", "dw is wrong: it is transposed"),
            ("dense", "dout.sum(axis=0)", "dout.mean(axis=0)", "this is the mean over the images"),
            ("dense", "self.x.T @ dout,", "self.x.T @ dout / len(dout),",
             "divided by the number of images"),
            ("dense", "return dout @", "dout *= 1.5\n        return dout @", "changes dout")],
        "test_relu": [
            ("relu", "dout * (self.out > 0)", "dout", "the mask is missing"),
            ("relu", "dout * (self.out > 0)", "dout * (dout > 0)", "masked by its own sign"),
            ("relu", "self.out > 0", "self.out >= 0", "dout passes everywhere"),
            ("relu", "np.maximum(x, 0)", "np.abs(x)", "the absolute value")],
        "test_network": [
            ("network", "reversed(self.layers)", "self.layers", "shape"),
            ("network", "x = layer.forward(x, training)", "x = layer.forward(x)",
             "`training` is not passed on"),
            ("network", "x.reshape(len(x), -1)", "x.swapaxes(1, 2).reshape(len(x), -1)",
             "rows and columns are exchanged"),
            ("network", "            dout = layer.backward(dout)",
             "            layer.backward(dout)",
             "shape")],
        "test_silu": [
            ("(s + x * s * (1 - s))", "s", "the sigmoid is held fixed"),
            ("(s + x * s * (1 - s))", "x * s * (1 - s)", "only the sigmoid's slope"),
            ("dout * (s + x * s * (1 - s))", "s + x * s * (1 - s)", "dout is missing"),
            ("    s = _sigmoid(x)\n", "    from tinyfer.core.gradcheck import numerical_gradient\n"
             "    return numerical_gradient(lambda: silu(x), x, dout)\n    s = _sigmoid(x)\n",
             "borrowed"),
            ("    s = _sigmoid(x)\n", "    h = np.spacing(1) ** 0.3\n    return dout * "
             "np.vectorize(lambda v: (silu(v + h) - silu(v - h)) / (2 * h))(x)\n",
             "measures differences of silu"),
            ("    s = _sigmoid(x)\n", "    h = 1e-5\n    s = _sigmoid(x)\n    return dout * ("
             "(x + h) * _sigmoid(x + h) - (x - h) * _sigmoid(x - h)) / (2 * h)\n",
             "the step of a difference")],
        "test_residual": [
            ("return dout + dz @ w.T", "return dz @ w.T", "the way around the layer is missing"),
            ("dz = dout * (x @ w + b > 0)", "dz = dout", "the mask of ReLU is missing"),
            ("return dout + dz @ w.T", "return dz + dz @ w.T", "the mask hits the way around"),
            ("dz = dout * (x @ w + b > 0)", "dout *= (x @ w + b > 0)\n    dz = dout",
             "x or dout is changed")],
        "test_value": [
            ("parent.grad += local * value.grad", "parent.grad = local * value.grad",
             "keeps only one of its gradients"),
            ("(float(self.data > 0),)", "(1.0,)", "relu lets every gradient pass"),
            ("            elif id(value) not in seen:\n                seen.add(id(value))\n"
             "                todo.append((value, True))\n"
             "                todo += [(parent, False) for parent in value.parents]",
             "            elif id(value) not in seen:\n                seen.add(id(value))\n"
             "                order.insert(0, value)\n"
             "                todo += [(parent, False) for parent in value.parents]",
             "topological order")],
        "test_value_agrees_with_the_layers": [
            ("(other.data, self.data))", "(self.data, other.data))", "dx is wrong"),
            ("(1.0, 1.0))", "(1.0, 0.0))", "dx is wrong"),
            ("max(self.data, 0)", "self.data", "the result is wrong")],
        "test_chessboard": [
            ("rng.standard_normal((2, 16))", "np.zeros((2, 16))", "all hidden units are alike"),
            ("-= 0.5 *", "+= 0.5 *", "of new points"),
            ("Dense(rng.standard_normal((2, 16)), np.zeros(16)), ReLU(),\n", "\n", "")],
    },
    "ch06_convolution": {
        "test_by_hand": [
            ("[-1, -1], [1, 2, -1, -2]", "[3, 3], [1, 2, -1, -2]", "the filter is turned"),
            ("[1, 2, -1, -2], [5", "[-1, -2, 1, 2], [5", "the filter is turned"),
            ("[5, 8, 11], 3", "[11, 8, 5], 3", "dw is turned"),
            ("[5, 8, 11], 3", "[5, 8, 11], 1.5", "this is the mean")],
        "test_output_size": [
            ("(H + 2 * P - D", "(H + P - D", "both ends"),
            ("// S + 1", "// S", "the first window counts"),
            ("D * (R - 1) - 1)", "R)", "reaches over D (R - 1) + 1")],
        "test_seen_by_one_output": [
            ("    rows = 1\n    for R, S in reversed(layers):",
             "    rows = 1\n    for R, S in layers:",
             "begin at the output"),
            ("    rows = 1\n    for R, S in reversed(layers):\n        rows = (rows - 1) * S + R",
             "    rows = 1\n    for R, S in reversed(layers):\n        rows = rows - 1 + R",
             "the steps are not used"),
            ("    rows = 1\n    for R, S in reversed(layers):\n        rows = (rows - 1) * S + R",
             "    rows = 1\n    for R, S in reversed(layers):\n        rows = rows * R",
             "do not lie side by side")],
        "test_blind_rows": [
            ("    return H - rows", "    return rows", "these are the rows that are seen"),
            ("    return H - rows", "    return H - seen_by_one_output(layers)",
             "what one output does not see"),
            ("    return H - rows", "    return [0, 1, 2, 3, 4, 5, 6, 7][H % 8]", "blind rows of")],
        "test_convolution_forward": [
            ("convolution", "out += x[window] @ self.params[\"w\"][u, v]",
             "out += x[window] @ self.params[\"w\"][::-1, ::-1][u, v]", "turned by 180"),
            ("convolution", ' + self.params["b"]\n', "\n", "the bias is missing"),
            ("convolution", "out += x[window] @ self.params[\"w\"][u, v]",
             "out += x[window] @ self.params[\"w\"][v, u]", "rows and columns are exchanged"),
            ("convolution", "self.step, self.dilation = step, dilation",
             "self.step, self.dilation = step, 1", "the dilation is not used")],
        "test_convolution_backward": [
            ("convolution", "dx[window] += dout @ w[u, v].T",
             "dx[window] += dout @ w[::-1, ::-1][u, v].T", "dx with the filter not turned"),
            ("convolution", "dx[window] += dout", "dx[window] = dout", "add up (+=)"),
            ("convolution", "dx[window] += dout @ w[u, v].T", "dx[window] += dout @ w[v, u].T",
             "u and v are exchanged"),
            ("convolution", 'self.grads = {"w": dw,', 'self.grads = {"w": dw[::-1, ::-1],',
             "dw turned by 180"),
            ("convolution", 'self.grads = {"w": dw,', 'self.grads = {"w": dw / len(dout),',
             "the mean over the images"),
            ("convolution", "        w = self.params[\"w\"]\n        dx, dw",
             "        from tinyfer.core.kernels.reference import conv2d_backward\n"
             "        dx, dw, db = conv2d_backward(dout, self.x, self.params['w'])\n"
             "        w = self.params[\"w\"]\n        dx, dw", "borrowed")],
        "test_transposed_convolution": [
            ("out[window] += x @ w[u, v]", "out[window] = x @ w[u, v]", "add up (+=)"),
            ("out[window] += x @ w[u, v]", "out[window] += x @ w[::-1, ::-1][u, v]",
             "the filter is turned"),
            ("dx += dout[window] @ w[u, v].T", "dx += dout[window] @ w[::-1, ::-1][u, v].T",
             "the filter is turned"),
            ("return dx, dw\n", "return dx, dw[::-1, ::-1]\n", "dw is turned")],
        "test_influence": [
            ("for w in (w1, w2)]", "for w in (w1, w2[::-1, ::-1])]", "one of the two filters"),
            ("for w in (w1, w2)]", "for w in (w1, w1)]", "the second filter is not used"),
            ("return dout[0, :, :, 0]", "return np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1])",
             "the number of ways")],
    },
    "ch07_pooling": {
        "test_by_hand": [
            ("[[5, 0, 0, 7], [0, 0, 0, 0]]", "[[2.5, 2.5, 0, 7], [0, 0, 0, 0]]", "takes it all"),
            ("[[5, 0, 0, 7], [0, 0, 0, 0]]", "[[5, 0, 0, 0], [0, 0, 7, 0]]", "reading order"),
            ("[[5, 0, 0, 7], [0, 0, 0, 0]]", "[[0, 5, 0, 7], [0, 0, 0, 0]]", "equal values wins")],
        "test_max_pool": [
            ("pooling", "dx[window] += dout * (self.winner == number)",
             "dx[window] = dout * (self.winner == number)", "add up (+=)"),
            ("pooling", "dx[window] += dout * (self.winner == number)", "dx[window] += dout",
             "not only the winner"),
            ("pooling", "members.max(axis=0)", "members.mean(axis=0)", "the mean of each window")],
        "test_the_first_of_equal_values_wins": [
            ("pooling", "self.winner, self.shape = members.argmax(axis=0), x.shape",
             "self.winner = len(members) - 1 - members[::-1].argmax(axis=0)\n"
             "        self.shape = x.shape", "the last of equal values"),
            ("pooling", "        return members.max(axis=0)\n",
             "        tie = members == members.max(0)\n"
             "        self.winner = type('', (), {'__eq__': lambda s, n: tie[n] / tie.sum(0)})()\n"
             "        return members.max(axis=0)\n", "divided among those that tie"),
            ("pooling", "        return members.max(axis=0)\n",
             "        tie = members == members.max(0)\n"
             "        self.winner = type('', (), {'__eq__': lambda s, n: tie[n]})()\n"
             "        return members.max(axis=0)\n", "the whole of dout")],
        "test_average_pool": [
            ("dx[member] += dout / size**2", "dx[member] = dout / size**2", "add up (+=)"),
            ("dx[member] += dout / size**2", "dx[member] += dout", "the whole of dout"),
            ("_members(x.shape, size, step)) / size**2", "_members(x.shape, size, step)) / size",
             "by size, not by size squared"),
            ("_members(x.shape, size, step)) / size**2", "_members(x.shape, size, step))",
             "this is the sum")],
        "test_sharing": [
            ("shares = won / won.sum(axis=(2, 4), keepdims=True)", "shares = won",
             "the whole of dout"),
            ("shares = won / won.sum(axis=(2, 4), keepdims=True)",
             "shares = np.full(won.shape, .25)",
             "a fourth"),
            ("keepdims=True)\n    return", "keepdims=True) * 2\n    return", "2 times")],
        "test_share_of_ties": [
            (">= q)", "< q)", "share"),
            ("(squares == squares.max(axis=1, keepdims=True)).sum(axis=1) > 1",
             "(squares == 0).sum(axis=1) > 1", "equal losers"),
            (".sum(axis=1) > 1).mean()", ".sum(axis=1) == 1).mean()", "with a single winner")],
    },
    "ch09_batch_norm": {
        "test_by_hand": [
            ("[0.75, -0.75, -2.25, 2.25]", "[1.5, 0, 0, 4.5]", "the means' gradients are missing"),
            ("2.25], 2, 4", "2.25], 0.5, 4", "this is the mean"),
            ("0.9 * 0 + 0.1 * 2", "0.1 * 0 + 0.9 * 2", "exchanged"),
            ("0.9 * 1 + 0.1 * 4", "0.9 * 1 + 0.1 * 16 / 3", "divides by M - 1")],
        "test_merge": [
            ("m2_a + m2_b + delta**2 * count_a * count_b / count", "m2_a + m2_b",
             "that part is missing"),
            ("mean_a + delta * count_b / count,", "(mean_a + mean_b) / 2,",
             "the parts count alike"),
            ("m2_a + m2_b + delta**2 * count_a * count_b / count",
             "m2_a + count_a * mean_a**2 + m2_b + count_b * mean_b**2 - count * (mean_a + delta * "
             "count_b / count) ** 2", "the digits are gone")],
        "test_batch_norm_in_training": [
            ("batch_norm", "var + x.dtype.type(self.epsilon)", "var", "epsilon is left out"),
            ("batch_norm", "np.sqrt(var + x.dtype.type(self.epsilon))",
             "np.sqrt(var) + self.epsilon", "under the root"),
            ("batch_norm", "        self.sigma =", "        if training:\n"
             "            mean, var = x.mean(0), x.var(0)\n        self.sigma =",
             "each pixel has a mean"),
            ("batch_norm",
             "running *= self.momentum\n                running += (1 - self.momentum)",
             "running *= 1 - self.momentum\n                running += self.momentum", "exchanged"),
            ("batch_norm", "((x - mean) ** 2).mean(axes)", "x.var(axes, ddof=1)", "by M - 1")],
        "test_batch_norm_in_evaluation": [
            ("batch_norm", "        if not self.training:\n            return scale * dout\n", "",
             "this is the backward of training"),
            ("batch_norm", "        if training:\n            mean",
             "        if True:\n            mean",
             "the batch's statistics are used, in evaluation"),
            ("batch_norm", "var + x.dtype.type(self.epsilon)", "var", "epsilon is left out")],
        "test_batch_norm_backward": [
            ("batch_norm", "(dout - dbeta / M - self", "(dout - self", "the mean's own gradient"),
            ("batch_norm", " - self.xhat * dgamma / M)", ")", "the variance's own gradient"),
            ("batch_norm", "return scale * (dout - dbeta / M - self.xhat * dgamma / M)",
             "return scale * dout", "the gradients of mean and variance are missing"),
            ("batch_norm", 'scale = self.params["gamma"] / self.sigma', "scale = 1 / self.sigma",
             "gamma is missing"),
            ("batch_norm", "dbeta / M - self.xhat * dgamma / M", "dbeta - self.xhat * dgamma",
             "not divided by M"),
            ("batch_norm", "dout.sum(axes)\n", "dout.mean(axes)\n", "")],
        "test_group_norm": [
            ("dxhat = (dout * gamma).reshape(xhat.shape)", "dxhat = dout.reshape(xhat.shape)",
             "gamma is missing"),
            ("return dx.reshape(x.shape), dgamma", "dxhat = dout.reshape(xhat.shape)\n"
             "    dx = inv_std * (dxhat - dxhat.mean(axes, keepdims=True) - xhat * (dxhat * xhat)"
             ".mean(axes, keepdims=True))\n    return dx.reshape(x.shape) * gamma, dgamma",
             "gamma stands outside"),
            ("(dxhat - dxhat.mean(axes, keepdims=True)\n", "(dxhat\n", "the mean's own gradient"),
            ("x.var(axis=(1, 2, 4), keepdims=True) + epsilon",
             "x.var(axis=(1, 2, 4), keepdims=True)",
             "epsilon is left out"),
            ("(x - x.mean(axis=(1, 2, 4), keepdims=True)) * inv_std, inv_std",
             "(x - x.mean(axis=(0, 1, 2, 4), keepdims=True)) * inv_std, inv_std", "out is wrong")],
        "test_longer_weights": [
            ('return out, dense.grads["w"]', 'return out, factor * dense.grads["w"]',
             "not by factor * w"),
            ("dense.backward(norm.backward(dout))", "dense.backward(dout)", "goes past batch norm"),
            ("out = norm.forward(dense.forward(x), True)", "out = dense.forward(x)\n"
             "    norm.forward(out, True)", "batch norm is not applied")],
    },
}
