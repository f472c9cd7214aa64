"""Wrong answers as in planted.py, for chapters 7 to 17, and what spoils the capstone."""

SECOND = {
    "ch07_initialisation": {
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
    "ch08_adam": {
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
    "ch09_speed": {
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
    "ch10_generalising": {
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
    "ch11_training": {
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
            ("training", "    network.backward(dz)\n    optimiser.step()",
             "    optimiser.step()\n    network.backward(dz)", "before the gradient"),
            ("training", "labels, class_weights)\n    network", "labels)\n    network",
             "not passed on"),
            ("training", "    optimiser.step()\n", "", "takes no step")],
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
    "ch12_evaluation": {
        "test_by_hand": [
            ("return 0.5, 0.75", "return 0.75, 0.75", "this is the recall"),
            ("0.6, 3.5 / 6", "0.625, 3.5 / 6", "the harmonic one"),
            ("3.5 / 6", "0.5", "a tie counts half"),
            ("0.38416 / 1.38416", "0.0", "it collapses")],
        "test_auc_by_ranks": [
            ("ranks = ((last - count + 1 + last) / 2)[group]",
             "ranks = np.argsort(np.argsort(scores, kind='stable')) + 1", "the mean of them"),
            (" - n_pos * (n_pos + 1) / 2", "", "own order is not taken off"),
            ("ranks = ((last - count + 1 + last) / 2)[group]",
             "ranks = len(scores) + 1 - ((last - count + 1 + last) / 2)[group]",
             "from the highest"),
            ("return pairs / (n_pos * (len(scores) - n_pos))", "return pairs",
             "the number of pairs")],
        "test_saliency_of_linear": [
            ("(p[rows, t, None] * dlogits) @ w.T", "w.T[t]", "gradient of the logit"),
            ("(p[rows, t, None] * dlogits) @ w.T", "dlogits @ w.T", "gradient of log p"),
            ("(p[rows, t, None] * dlogits) @ w.T", "np.abs((p[rows, t, None] * dlogits) @ w.T)",
             "the map is signed"),
            ("dlogits = -p\n", "dlogits = np.zeros_like(p)\n", "map is wrong")],
        "test_mcnemar_p": [
            ("2 * ways / 2 **", "ways / 2 **", "one side only"),
            ("min(1.0, 2 * ways / 2 ** (b + c))", "2 * ways / 2 ** (b + c)", "more than 1"),
            ("2 ** (b + c)", "2.0 ** (b + c)", "floats end"),
            ("min(b, c) + 1", "min(b, c)", "include it")],
        "test_coverage": [
            ("<= 1.96 *", "<=", "one standard error"),
            ("return usual / runs", "return 1 - usual / runs", "how often it misses"),
            ("np.sqrt(share * (1 - share) / n)", "np.sqrt(p * (1 - p) / n)", "of the truth"),
            ("low <= p <= high", "low <= share <= high", "Wilson's interval")],
    },
    "ch13_further": {
        "test_by_hand": [
            ("weights = 9 * 128 + 128 * 256", "weights = 9 * 128 * 256", "the usual convolution"),
            ("49 * weights", "weights", "at 49 places"),
            ("/ weights, right", "/ weights, 1 - right", "share of false alarms")],
        "test_turn_rows": [
            ("w.reshape(C, H, W, -1).transpose(1, 2, 0, 3)",
             "w.reshape(H, W, C, -1).transpose(2, 0, "
             "1, 3)", "the other way"),
            ("w.reshape(C, H, W, -1).transpose(1, 2, 0, 3)", "w", "nothing is turned"),
            ("transpose(1, 2, 0, 3)", "transpose(2, 1, 0, 3)", "exchanged, too")],
        "test_soft_cross_entropy": [
            ("-(q * log_p).sum() / len(q)", "-(q * log_p).sum()", "this is the sum over the faces"),
            ("(np.exp(log_p) - q) / len(q)", "np.exp(log_p) - q", "gradient of the sum"),
            ("(np.exp(log_p) - q) / len(q)", "np.exp(log_p) / len(q)", "q is not subtracted"),
            ("shifted = logits - logits.max(axis=1, keepdims=True)", "shifted = logits",
             "overflow")],
        "test_accuracy_of_average": [
            ("np.sqrt(shared) * rng.standard_normal((n, K))",
             "np.sqrt(shared) * rng.standard_normal((M, n, K))", "then nothing is common"),
            ("common = np.sqrt(shared)", "common = shared", "accuracies for M"),
            (".mean(axis=0)\n", "[0]\n", "average the probabilities")],
    },
    "ch16_winograd": {
        "test_by_hand": [
            ("= 4, 2, 4, -6", "= 4, 4, 8, -6", "halve the sum"),
            ("= 4, 2, 4, -6", "= 4, 2, 4, 6", "x1 - x3"),
            ("q2 - q3 - q4", "q2 - q3 + q4", "the sign of q4")],
        "test_gradient_by_hand": [
            ("(4, 4, 8, 2)", "(4, 4, 4, 2)", "the middle sign turns"),
            ("(1, 3, -1, 2)", "(1, 3, -1, 0)", "the leading coefficient"),
            ("(4, 6, -2, 4)", "(4, 10, -2, 4)", "belongs to it")],
        "test_convolve": [
            ("V = BT @ x[i:i + 6, j:j + 6] @ BT.T\n            out",
             "from tinyfer.kernels.reference import conv2d_forward\n            V = BT @ "
             "x[i:i + 6, j:j + 6] @ BT.T\n            out", "borrowed"),
            ("    U = G @ g @ G.T\n    out = np.empty((H - 2, W - 2))\n",
             "    U = G @ g @ G.T\n    out = np.empty((H - 2, W - 2))\n    for u in range(3):\n"
             "        for v in range(3):\n            x[u:u + H - 2, v:v + W - 2] * g[u, v]\n",
             "times; by F(4x4)"),
            ("    U = G @ g @ G.T\n    out =", "    U = G @ g.T @ G.T\n    out =",
             "the filter is transposed"),
            ("    U = G @ g @ G.T\n    out =", "    U = G @ g[::-1, ::-1] @ G.T\n    out =",
             "turned by 180")],
        "test_input_gradient": [
            ("dx[i:i + 6, j:j + 6] +=", "dx[i:i + 6, j:j + 6] =", "add up (+=)"),
            ("    U = G @ g @ G.T\n    dx =", "    U = G @ g.T @ G.T\n    dx =",
             "the filter is transposed"),
            ("    U = G @ g @ G.T\n    dx =", "    U = G @ g[::-1, ::-1] @ G.T\n    dx =",
             "the filter is turned")],
        "test_cook_toom": [
            ("[float(i == tau - 1)]", "[0.0]", "the last output misses"),
            (" + [1.0]]", " + [0.0]]", "the last tap misses"),
            ("p**j / np.prod([float(p - q) for q in others])", "float(p) ** j", "division by N"),
            ("tau = len(points) + 2 - r", "tau = len(points) - 1", "has the shape")],
        "test_rounding": [
            ("(L.astype(np.float32) for", "(L.astype(np.float64) for", "about"),
            (" / np.linalg.norm(exact)", "", "divide by the norm"),
            ("return np.linalg.norm(y - exact) / np.linalg.norm(exact)",
             "return {2: 1e-7, 4: 1e-6}.get(tau, 1e-2) * 7", "measured, it is about")],
    },
    "ch17_difference": {
        "test_by_hand": [
            ("return 0.85,", "return 0.8,", "also gets its share"),
            ("np.log(17)", "17", "take its logarithm"),
            ("0.37", "0.9", "0.999 to the power")],
        "test_warm_cosine": [
            ("(t + 1) / warmup", "t / warmup", "step 0 has no rate"),
            ("(t - warmup) / (steps - warmup)", "t / steps", "counts from step 0"),
            ("(1 + np.cos(np.pi * (t - warmup) / (steps - warmup))) / 2",
             "1 - (t - warmup) / (steps - warmup)", "along a line")],
        "test_smoothed_loss": [
            ("smoothing / K)", "0.0)", "loss is wrong"),
            ("-(t * log_p).sum() / N,", "-(t * log_p).sum(),", "divide by N"),
            ("(np.exp(log_p) - t) / N", "np.exp(log_p) - t", "the gradient of the sum")],
        "test_noise_left": [
            (" * (1 + decay * rho) / (1 - decay * rho)", "", "rho is not used"),
            ("(1 + decay * rho) /", "1 /", "each pair is counted once"),
            ("return (1 - decay) / (1 + decay) * (1 + decay * rho) / (1 - decay * rho)",
             "return ((1 - decay) / (1 + decay) * (1 + decay * rho) / (1 - decay * rho)) ** 0.5",
             "standard deviation")],
        "test_decay_for": [
            ("> share else", "< share else", "the decay for 0.0149"),
            ("return (low + high) / 2", "return 1 - (low + high) / 2", "the decay for"),
            ("range(60)", "range(3)", "the decay for 0.0149")],
        "test_what_is_left": [
            ("if not decoupled:", "if True:", "beside the step"),
            ("g = g + decay * w", "g = g - decay * w", "in the gradient"),
            ("decay * decoupled)", "decay * decoupled * 10)", "beside the step")],
    },
}

# One mistake for each piece, which the capstone must notice, and the test that does.
SPOILT = {
    "losses": ("dz[rows, labels] -= 1", "pass", "five_steps"),
    "gradient_check": ("/ (upper - lower)", "/ h", "gradient_check"),
    "dense": ("dout.sum(axis=0)", "dout.mean(axis=0)", "five_steps"),
    "relu": ("dout * (self.out > 0)", "dout", "five_steps"),
    "network": ("reversed(self.layers)", "self.layers", "five_steps"),
    "convolution": ("dx[window] += dout", "dx[window] = dout", "five_steps"),
    "pooling": ("dx[window] += dout * (self.winner == number)", "dx[window] += dout", "five_steps"),
    "batch_norm": ("dout - dbeta / M - self", "dout - self", "five_steps"),
    "initialisation": ("np.sqrt(6 /", "np.sqrt(3 /", "five_steps"),
    "adam": ("self.eps)", "0)", "five_steps"),
    "dropout": ("else self.mask * dout", "else dout", "five_steps"),
    "training": ("network.forward(x, True)", "network.forward(x)", "five_steps"),
    "six_layer": ("Dropout(0.25, rng)", "Dropout(0.2, rng)", "five_steps"),
}
