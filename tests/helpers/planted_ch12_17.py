"""Wrong answers as in planted_ch00_06.py, from chapter 14 on, and what spoils the capstone."""

PLANTED = {
    "ch14_evaluation": {
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
    "ch15_saliency": {
        "test_saliency_of_linear": [
            ("(p[rows, t, None] * dlogits) @ w.T", "w.T[t]", "gradient of the logit"),
            ("(p[rows, t, None] * dlogits) @ w.T", "dlogits @ w.T", "gradient of log p"),
            ("(p[rows, t, None] * dlogits) @ w.T", "np.abs((p[rows, t, None] * dlogits) @ w.T)",
             "the map is signed"),
            ("dlogits = -p\n", "dlogits = np.zeros_like(p)\n", "map is wrong")],
    },
    "ch17_limits": {
        "test_by_hand": [
            ("return 0.05 * 0.66 /", "return 1 - 0.05 * 0.66 /", "share of false alarms"),
            ("0.12 / (0.66 + 0.12)", "0.12 / 0.66", "these are the odds"),
            ("0.12 / (0.66 + 0.12)", "0.5", "rates are not used")],
    },
    "ch18_pytorch": {
        "test_by_hand": [
            ("weights = 9 * 128 + 128 * 256", "weights = 9 * 128 * 256", "the usual convolution"),
            ("49 * weights", "weights", "at 49 places"),
            ("9 * 128 * 256 / weights", "9", "not quite 9")],
        "test_turn_rows": [
            ("w.reshape(C, H, W, -1).transpose(1, 2, 0, 3)",
             "w.reshape(H, W, C, -1).transpose(2, 0, "
             "1, 3)", "the other way"),
            ("w.reshape(C, H, W, -1).transpose(1, 2, 0, 3)", "w", "nothing is turned"),
            ("transpose(1, 2, 0, 3)", "transpose(2, 1, 0, 3)", "exchanged, too")],
        "test_accuracy_of_average": [
            ("np.sqrt(shared) * rng.standard_normal((n, K))",
             "np.sqrt(shared) * rng.standard_normal((M, n, K))", "then nothing is common"),
            ("common = np.sqrt(shared)", "common = shared", "accuracies for M"),
            (".mean(axis=0)\n", "[0]\n", "average the probabilities")],
    },
    "ch20_finding": {
        "test_by_hand": [
            ("return 154 * 114", "return 160 * 120", "must lie inside"),
            ("40 / 160", "40 / 200", "counts once"),
            ("1 / 4 + 1 / 4 + 3 / 16", "11 / 12", "by the faces")],
        "test_as_convolution": [
            ("w.reshape(3, 3, -1, w.shape[1])", "w.reshape(3, 3, -1, w.shape[1]).swapaxes(0, 1)",
             "exchanged"),
            ("w.reshape(3, 3, -1, w.shape[1])",
             "w.reshape(-1, 3, 3, w.shape[1]).transpose(1, 2, 0, 3)", "the channels come first"),
            ("w.reshape(3, 3, -1, w.shape[1])", "w.reshape(3, 3, -1, w.shape[1])[::-1, ::-1]",
             "turned")],
        "test_suppress": [
            ("np.argsort(-scores, kind", "np.argsort(scores, kind", "not the least sure"),
            ("(area + other - across * down)", "min(area, other)", "not by the union"),
            ("return kept", "return sorted(kept)", "not sorted by their scores")],
        "test_curve": [
            ("np.argsort(-np.concatenate(scores), kind", "np.argsort(np.concatenate(scores), kind",
             "the least sure"),
            ("np.argsort(-np.concatenate(scores), kind=\"stable\")",
             "np.arange(len(np.concatenate(scores)))", "are not sorted"),
            ("return hit.cumsum(), (~hit).cumsum()", "return (~hit).cumsum(), hit.cumsum()",
             "exchanged")],
        "test_clean": [
            ("== 0)", "> 0)", "with a false box"),
            ("np.mean(rng.binomial(n, q, pictures) == 0)", "1 - q", "windows that are right"),
            ("np.mean(rng.binomial(n, q, pictures) == 0)", "np.mean(rng.binomial(n, q, pictures))",
             "mean number")],
        "test_rate_for": [
            ("1 - share ** (1 / n)", "1 - (1 - share) ** (1 / n)", "clean pictures"),
            ("1 - share ** (1 / n)", "(1 - share) / n", "n-th root"),
            ("1 - share ** (1 / n)", "share ** (1 / n)", "rate of right windows")],
    },
    "ch11_debugging": {
        "test_by_hand": [
            ("a, b = 0.1 / np.sqrt(2 / 1728)", "a, b = 0.1 / np.sqrt(2 / 192)",
             "the window counts"),
            ("0.1 / np.sqrt(2 / 261)", "0.1 / np.sqrt(6 / 261)", "Glorot's limit"),
            ("5 * (1 - 0.7071)", "2.5", "a straight line"),
            ("(1 - 1e-4) ** 2000", "0.8", "each step multiplies")],
        "test_update_ratios": [
            ("p.value.copy() for", "p.value for", "you keep a copy"),
            ("if before[p.name].any()", "", "not zero before the step"),
            ("np.linalg.norm(p.value - before[p.name])", "abs(np.linalg.norm(p.value) - "
             "np.linalg.norm(before[p.name]))", "the difference of the lengths"),
            ("    optimizer.step()\n", "", "has taken no step")],
        "test_dead_units": [
            (".all(axis=0).mean()", ".any(axis=0).mean()", "all rows"),
            (".all(axis=0).mean()", ".mean()", "the share of zeros"),
            ("(x == 0).all", "(x != 0).any", "the share that is alive")],
        "test_recommended": [
            ("np.inf).argmin()] / 3", "np.inf).argmin()]", "a third of it"),
            ("np.logical_and.accumulate(finite)", "finite", "above one that fails"),
            (".mean(axis=1)", ".min(axis=1)", "the best single seed")],
        "test_diagnosis": [
            ('"A": "frozen"', '"A": "nothing"', "one is very plain"),
            ('"C": "labels"', '"C": "rate"', "which number is it"),
            ('"E": "dead"', '"E": "frozen"', "on the way back from the loss")],
    },
    "ch22_winograd": {
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
             "from tinyfer.core.kernels.reference import conv2d_forward\n            V = BT @ "
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
            ("p**j / np.prod([float(p - q) for q in others])", "float(p) ** j", "division by delta"),
            ("tau = len(points) + 2 - r", "tau = len(points) - 1", "has the shape")],
        "test_rounding": [
            ("(L.astype(np.float32) for", "(L.astype(np.float64) for", "about"),
            (" / np.linalg.norm(exact)", "", "divide by the norm"),
            ("return np.linalg.norm(y - exact) / np.linalg.norm(exact)",
             "return {2: 1e-7, 4: 1e-6}.get(tau, 1e-2) * 7", "measured, it is about")],
    },
    "ch16_difference": {
        "test_by_hand": [
            ("return 0.85,", "return 0.8,", "also gets its share"),
            ("np.log(17)", "17", "take its logarithm"),
            ("0.999**1000", "0.9", "0.999 to the power")],
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
