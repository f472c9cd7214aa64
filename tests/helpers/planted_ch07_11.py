"""Wrong answers as in planted_ch00_06.py, for chapters 8 to 13."""

PLANTED = {
    "ch08_initialisation": {
        "test_by_hand": [
            ("fan_in, fan_out = 9 * 128, 9 * 256", "fan_in, fan_out = 128, 256",
             "the window counts"),
            ("np.sqrt(6 / (fan_in + fan_out))", "np.sqrt(2 / (fan_in + fan_out))", "has a 6"),
            ("np.log(1 + np.exp(3)) - 1.5", "np.log(1 + np.exp(3))", "of class 0 alone")],
        "test_glorot_uniform": [
            ("initialisation", "window = np.prod(shape[:-2], dtype=int) ", "window = 1 ",
             "the window counts"),
            ("initialisation", "np.sqrt(6 /", "np.sqrt(2 /", "this is the deviation"),
            ("initialisation", "rng.uniform(-a, a, shape)", "rng.uniform(0, 2 * a, shape)",
             "not in -a .. a")],
        "test_he_normal": [
            ("initialisation", "np.sqrt(2 / np.prod(shape[:-1]))", "np.sqrt(2 / shape[-2])",
             "the window counts"),
            ("initialisation", "np.sqrt(2 / np.prod(shape[:-1]))",
             "np.sqrt(1 / np.prod(shape[:-1]))",
             "makes up for ReLU"),
            ("initialisation", "np.sqrt(2 / np.prod(shape[:-1]))", "2 / np.prod(shape[:-1])",
             "not the deviation")],
        "test_expected_first_loss": [
            ("z = s * rng", "z = np.sqrt(s) * rng", "the loss of 2 classes"),
            ("z = s * rng", "z = s * s * rng", "the deviation is squared"),
            ("np.mean(np.log(np.exp(z).sum(axis=1)) - z[:, 0])", "np.log(K)", "whatever s is")],
        "test_hidden_units_that_start_alike_stay_alike": [
            (" * (h > 0))", ")", "the mask of ReLU is missing"),
            ("/ len(x)\n", "/ (2 * len(x))\n", "divided by 2 N"),
            ("w1 - lr * dw1", "w1 + lr * dw1", "w1 is wrong")],
    },
    "ch10_adam": {
        "test_by_hand": [
            ("return 1.0, -1 / 3", "return 0.5, -1 / 3", "m is not corrected"),
            ("return 1.0, -1 / 3", "return 1.0, -0.5", "the power t"),
            ("return 1.0, -1 / 3", "return 1.0, -1.0", "m remembers")],
        "test_adam": [
            ("adam", "self.lr * np.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)",
             "self.lr",
             "the bias is not corrected"),
            ("adam", "(1 - self.beta2**self.t) / (1 - self.beta1**self.t)",
             "(1 - self.beta2) / (1 - self.beta1)", "the power of t is missing"),
            ("adam", "np.sqrt(v[name]) + self.eps", "np.sqrt(v[name])", "epsilon is left out"),
            ("adam", "(np.sqrt(v[name]) + self.eps)",
             "(np.sqrt(v[name]) + self.eps * np.sqrt(1 - self.beta2**self.t))", "as in PyTorch"),
            ("adam", "np.sqrt(v[name]) +", "v[name] +", "the root of v is missing")],
        "test_adam_of_two_layers": [
            ("adam", "                param -=", "                break\n                param -=",
             "it did not move"),
            ("adam", "param -= (lr_t", "param += (lr_t", "the sign is turned"),
            ("adam", "        self.t += 1\n", "", "")],
        "test_keras_eps": [
            ("torch_eps * np.sqrt(1 - beta2**t)", "torch_eps / np.sqrt(1 - beta2**t)",
             "the other way"),
            ("torch_eps * np.sqrt(1 - beta2**t)", "torch_eps * (1 - beta2**t)",
             "the root is missing"),
            ("torch_eps * np.sqrt(1 - beta2**t)", "torch_eps", "they are not the same")],
        "test_ends": [
            ("w -= lr * factor * w", "w -= lr * 2 * factor * w", "not twice that"),
            ("w -= lr * factor * w", "w -= lr * w", "the factor is not used"),
            ('{"w": factor * layer.params["w"]}', '{"w": factor * np.ones(1)}',
             "that of the start")],
        "test_drift": [
            ("np.abs(layer.params", "(layer.params", "take the mean of its size"),
            ('noise * rng.standard_normal(1000)}', 'rng.standard_normal(1000)}', "not scaled"),
            ('    for _ in range(steps):\n        layer.grads = {"w": noise *',
             '    noisy = rng.standard_normal(1000)\n    for _ in range(steps):\n'
             '        layer.grads = {"w": noise * noisy} if True else {"w":',
             "drawn once")],
    },
    "ch21_speed": {
        "test_by_hand": [
            ("return 1 / 8,", "return 1 / 4,", "read and written"),
            ("2 * 64 * 256 * 7 / (4 * (64 * 256 + 256 * 7 + 64 * 7))",
             "64 * 256 * 7 / (4 * (64 * 256 + 256 * 7 + 64 * 7))", "is two operations"),
            ("512 / 6, 1, 1, 0", "512 / 6, 1, 0, 0", "fewer than 160 / 16")],
        "test_best_tile": [
            ("if rows * vectors + vectors + 1 <=", "if rows * vectors <=", "the sums alone"),
            ("return max(fitting, key=lambda tile: tile[0] * tile[1] / (tile[0] + tile[1]))",
             "return max(fitting, key=lambda tile: tile[0] * tile[1])", "the largest tile"),
            ("tile[0] * tile[1] / (tile[0] + tile[1]))",
             "tile[0] * tile[1] / (tile[0] + tile[1]))[::-1]", "exchanged")],
        "test_im2col": [
            ("for i in range(0, H - 2, stride) for j in range(0, W - 2, stride)]\n    return np",
             "for i in range(0, H - 2) for j in range(0, W - 2)]\n    return np",
             "the stride is not used"),
            ("x[:, i:i + 3, j:j + 3].reshape",
             "x[:, i:i + 3, j:j + 3].transpose(0, 3, 1, 2).reshape",
             "the channels come first"),
            ("x[:, i:i + 3, j:j + 3].reshape", "x[:, i:i + 3, j:j + 3].swapaxes(1, 2).reshape",
             "u and v are exchanged")],
        "test_col2im": [
            ("+= windows[:, k]", "= windows[:, k]", "add up (+=)"),
            ("    return dx\n", "    count = np.zeros(shape)\n    for i, j in places:\n"
             "        count[:, i:i + 3, j:j + 3] += 1\n    return dx / np.maximum(count, 1)\n",
             "are averaged"),
            ("+= windows[:, k]", "-= windows[:, k]", "the sign is turned")],
        "test_fetches": [
            ("        held.pop(line, None)\n        held[line] = True",
             "        held.setdefault(line, True)", "using a line renews it"),
            ("            if len(held) == lines:\n                del held[next(iter(held))]\n", "",
             "never gives up a line"),
            ("line = place // width", "line = place", "a line holds several")],
    },
    "ch12_generalising": {
        "test_by_hand": [
            ("20 / 36, 20 / 18, 20 / 6", "20 / 12, 20 / 6, 20 / 2", "divide by K"),
            ("(1 / 3, 1 / 3, 1 / 3)", "(0.6, 0.3, 0.1)", "the weights change it"),
            ("(0, 0, 4, 12)", "(12, 8, 8, 8)", "it moves left")],
        "test_dropout": [
            ("dropout", " / (1 - self.rate)", "", "the division by 1 - rate is missing"),
            ("dropout", ">= self.rate", "< self.rate", "the share that is dropped"),
            ("dropout", "self.rng.random(x.shape)", "self.rng.random(x.shape[1:])",
             "one mask serves several images"),
            ("dropout", "        if not training:\n            return x\n", "", "in evaluation")],
        "test_dropout_backward": [
            ("dropout", "else self.mask * dout", "else dout", "the mask is missing"),
            ("dropout", "else self.mask * dout", "else (self.mask > 0) * dout",
             "missing in backward"),
            ("dropout", "self.mask = self.fixed_mask\n", "pass\n", "fixed_mask is not used")],
        "test_shift": [
            ("np.arange(n) - s, 0", "np.arange(n) + s, 0", "the other way"),
            ("return _reader(H, s_y) @ image @ _reader(W, s_x).T",
             "return _reader(H, s_x) @ image @ _reader(W, s_y).T", "exchanged"),
            ("return _reader(H, s_y).T @ dout @ _reader(W, s_x)", "return shift(dout, s_y, s_x)",
             "it must go back"),
            ("return _reader(H, s_y).T @ dout @ _reader(W, s_x)", "return shift(dout, -s_y, -s_x)",
             "at the border")],
        "test_without_weights": [
            ("P = q / weights", "P = q * weights", "put in once more"),
            ("return P / P.sum(axis=1, keepdims=True)", "return P", "do not add up to 1"),
            ("P = q / weights", "P = q", "these are q")],
        "test_variances": [
            ("out.var()", "(out**2).mean()", "variances in"),
            ("return out.var(), layer.forward(x).var()", "return layer.forward(x).var(), out.var()",
             "exchanged"),
            ("return out.var(), layer.forward(x).var()", "return out.std(), layer.forward(x).std()",
             "standard deviations")],
    },
    "ch13_training": {
        "test_by_hand": [
            ("449, 37", "448, 37", "is a step, too"),
            ("(64 * 1.0 + 64 * 0.7 + 16 * 2.5) / 144", "1.4", "weigh by images"),
            ("np.sqrt(0.65 * 0.35 / 3589)", "1.96 * np.sqrt(0.65 * 0.35 / 3589)",
             "half the interval")],
        "test_batches": [
            ("training", "order = rng.permutation(n)", "order = np.arange(n)", "not random"),
            ("training", "range(0, n, size)]", "range(0, n - n % size, size)]",
             "the last batch is missing"),
            ("training",
             "order = rng.permutation(n)\n    return [order[first:first + size] for first "
             "in range(0, n, size)]",
             "order = np.arange(n)\n    made = [order[f:f + size] for f in "
             "range(0, n, size)]\n    head, tail = made[:n // size], made[n // size:]\n"
             "    rng.shuffle(head)\n    return head + tail", "shuffle the images")],
        "test_step": [
            ("training", "network.forward(x, True)", "network.forward(x)", "training=True"),
            ("training", "    network.backward(dz)\n    optimizer.step()",
             "    optimizer.step()\n    network.backward(dz)", "before the gradient"),
            ("training", "labels, class_weights)\n    network", "labels)\n    network",
             "not passed on"),
            ("training", "    optimizer.step()\n", "", "takes no step")],
        "test_train": [
            ("training", "len(batch) * step(", "step(", "mean loss"),
            ("training", "losses.append(total / len(x))",
             "losses.append(total / len(x) * 20)", "20 times"),
            ("training", "for _ in range(epochs)", "for _ in range(1)", "three times")],
        "test_accuracy": [
            ("training", "return right / len(x)", "return right", "the number of right answers"),
            ("training", "network.forward(x[first:first + size])",
             "network.forward(x[first:first + size], True)", "in training mode"),
            ("training", "for first in range(0, len(x), size):\n        z",
             "for first in range(0, len(x) - size, size):\n        z",
             "the last batch is left out")],
        "test_start": [
            ("default_rng(seed)", "default_rng(0)", "the seed does not count"),
            ('{"w": np.zeros((D, K)).tolist()', '{"w": np.ones((D, K)).tolist()', "start at 0"),
            ('{"w": np.zeros((D, K)).tolist()', '{"w": np.zeros((K, D)).tolist()', "wrong shape")],
        "test_advance": [
            ('rng.bit_generator.state = state["rng"]', "pass", "a stop loses the generator"),
            ('w, b, uw, ub = (np.array(state[name]) for name in ("w", "b", "uw", "ub"))',
             'w, b = np.array(state["w"]), np.array(state["b"])\n    uw, ub = 0 * w, 0 * b',
             "a stop loses the momentum"),
            ("    rng = np.random.default_rng()\n", "    rng = np.random.default_rng()\n"
             "    state['steps'] = epochs\n", "changes the state")],
        "test_too_good": [
            (".max(axis=1)", ".mean(axis=1)", "this is the mean epoch"),
            (".mean() - p", ".mean()", "one epoch alone"),
            (".max(axis=1).mean()", ".max()", "one epoch alone")],
    },
}
