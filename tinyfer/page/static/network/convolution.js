// 3x3 convolutions, in which nearly all the time goes, as one WebAssembly function on vectors of
// four numbers: more than 20 times as fast as loops over typed arrays. Mirrors Conv2D of
// tinyfer/core/layers.py, and `product` of core/kernels/simd.py: a tile of the output, PIXELS
// neighbours by LANES outputs, is summed up in registers.
//
//   out[i, j, k] = b[k] + sum over u, v, c of x[i + u, j + v, c] w[u, v, c, k]        then ReLU

const LANES = 8, PIXELS = 4;
const memory = new WebAssembly.Memory({initial: 64});
let kept = 0;           // floats at the beginning of the memory: weights; x and out lie behind them
let run = null;         // the function, made at its first use

// Weights w (3, 3, C, K) and b (K) as the function reads them: LANES outputs beside one another,
// the last filled up with zeros.
export function convolution(w, b, C, relu) {
  const K = b.length, wide = LANES * Math.ceil(K / LANES);
  const packed = new Float32Array(9 * C * wide + wide);
  for (let k = 0; k < K; k++) {
    const first = 9 * C * (k - k % LANES) + k % LANES;
    for (let p = 0; p < 9 * C; p++) packed[first + p * LANES] = w[p * K + k];
  }
  packed.set(b, 9 * C * wide);
  const place = kept;
  room(packed.length).set(packed, place);
  kept += packed.length;
  return {place, C, K, wide, least: relu ? 0 : -Infinity};
}

// x (H, W, C) -> (H - 2, W - 2, K).
export function convolve(x, H, W, {place, C, K, wide, least}) {
  run ??= new WebAssembly.Instance(new WebAssembly.Module(assembled()), {js: {memory}}).exports.run;
  const pixels = (H - 2) * (W - 2), over = PIXELS * Math.max(C, wide);      // of the last tile
  const first = kept + x.length + over, all = room(x.length + pixels * wide + 2 * over);
  all.set(x, kept);
  run(4 * kept, 4 * place, 4 * (place + 9 * C * wide), 4 * first, H - 2, W - 2, C, wide, least);
  const out = all.slice(first, first + pixels * wide);
  for (let n = 1; n < pixels && K < wide; n++) out.copyWithin(n * K, n * wide, n * wide + K);
  return out.subarray(0, pixels * K);
}

function room(floats) {
  const missing = 4 * (kept + floats) - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  return new Float32Array(memory.buffer);
}

// The module's bytes. An expression is a list of instructions, operands before what uses them.
function assembled() {
  const uint = n => n < 128 ? [n] : [n & 127 | 128, ...uint(n >>> 7)];
  const counted = list => [...uint(list.length), ...list];
  const section = (id, count, content) => [id, ...counted([count, ...content])];
  const letters = word => [...word].map(letter => letter.charCodeAt(0));

  const INT = 0x7f, FLOAT = 0x7d, VECTOR = 0x7b;
  const parameters = [INT, INT, INT, INT, INT, INT, INT, INT, FLOAT];
  const [x, weights, bias, out, h, width, C, wide, least] = parameters.keys();
  const types = [];
  const variables = (n, type) => Array.from(
    {length: n}, () => parameters.length + types.push(type) - 1);
  const value = a => typeof a === "number" ? [0x20, a] : a;     // a variable's, or an expression
  const set = (n, a) => [...value(a), 0x21, n];
  const whole = n => [0x41, n];                                 // below 64
  const plus = (a, b) => [...value(a), ...value(b), 0x6a];
  const times = (a, b) => [...value(a), ...value(b), 0x6c];
  const bytes = floats => times(floats, whole(4));
  const vector = (code, ...operands) => [...operands.flatMap(value), 0xfd, ...uint(code)];
  const load = (place, offset) => [...vector(0x00, place), 2, offset];
  const store = (place, offset, v) => [...vector(0x0b, place, v), 2, offset];
  const spread = place => [...vector(0x09, place), 2, 0];       // one number, four times
  const add = (a, b) => vector(0xe4, a, b), multiply = (a, b) => vector(0xe6, a, b);
  const greater = (a, b) => vector(0xe9, a, b);
  // do { body } while ((n += step) < to), from a first n on
  const loop = (n, first, to, step, ...body) => [
    ...set(n, first), 0x03, 0x40, ...body.flat(), ...set(n, plus(n, whole(step))),
    ...value(n), ...value(to), 0x48, 0x0d, 0, 0x0b];

  const [i, j, k, u, w, place, pixel, row, across, taps, p, end] = variables(12, INT);
  const [left, right, number] = variables(3, VECTOR);
  const sums = Array.from({length: PIXELS}, () => variables(2, VECTOR));
  const body = [
    set(across, bytes(C)),                              // from a pixel to its neighbour
    set(row, times(plus(width, whole(2)), across)),
    set(taps, times(across, whole(3))),                 // of a row of the window
    loop(k, whole(0), wide, LANES,
      loop(i, whole(0), h, 1,
        // A tile that sticks out on the right is written over by the next row.
        loop(j, whole(0), width, PIXELS,
          ...sums.flat().map((sum, n) => set(sum, load(plus(bias, bytes(k)), 16 * (n % 2)))),
          set(w, plus(weights, times(times(k, taps), whole(3)))),
          loop(u, whole(0), whole(3), 1,
            set(p, plus(x, plus(times(plus(i, u), row), times(j, across)))),
            set(end, plus(p, taps)),
            loop(p, p, end, 4,
              set(left, load(w, 0)), set(right, load(w, 16)), set(w, plus(w, whole(4 * LANES))),
              set(pixel, p),
              ...sums.flatMap(([one, other]) => [
                set(number, spread(pixel)), set(pixel, plus(pixel, across)),
                set(one, add(one, multiply(number, left))),
                set(other, add(other, multiply(number, right)))]))),
          set(place, plus(out, bytes(plus(k, times(wide, plus(j, times(i, width))))))),
          ...sums.flatMap(pair => [
            ...pair.map((sum, n) => store(place, 16 * n, greater(sum, vector(0x13, least)))),
            set(place, plus(place, bytes(wide)))]))))].flat();
  return new Uint8Array([
    ...letters("\0asm"), 1, 0, 0, 0,
    ...section(1, 1, [0x60, ...counted(parameters), 0]),
    ...section(2, 1, [...counted(letters("js")), ...counted(letters("memory")), 2, 0, 1]),
    ...section(3, 1, [0]),
    ...section(7, 1, [...counted(letters("run")), 0, 0]),
    ...section(10, 1, counted([
      ...uint(types.length), ...types.flatMap(type => [1, type]), ...body, 0x0b]))]);
}
