// Grey pictures, {data: Uint8Array, width, height}, cut and made smaller as Pillow does it.

// To a whole number; of two equally near to the even one, as Python's round.
export function round(x) {
  const down = Math.floor(x), part = x - down;
  return down + (part > 0.5 || part === 0.5 && down % 2 !== 0);
}

// Which places of a line make each of m places of a new one that begins at `start`, and with what
// weights: those of a triangle as wide as the coarser of the two. Mirrors precompute_coeffs in
// Pillow's Resample.c, and with no bounds _shares of tinyfer/photo/boxes.py.
export function triangles(start, scale, m, low = -Infinity, high = Infinity) {
  const support = Math.max(1, scale);
  return Array.from({length: m}, (_, i) => {
    const middle = start + (i + 0.5) * scale;
    const first = Math.max(low, Math.floor(middle - support + 0.5));
    const weights = Array.from(
      {length: Math.min(high, Math.floor(middle + support + 0.5)) - first},
      (_, t) => Math.max(0, 1 - Math.abs((first + t - middle + 0.5) * (1 / support))));
    const total = weights.reduce((a, b) => a + b);
    return {first, weights: weights.map(weight => weight / total)};
  });
}

// A picture's values at columns and rows that `triangles` describes; beyond its edges the edges go
// on. Mirrors _cut of tinyfer/photo/boxes.py; with bytes, Image.resize with Resampling.BILINEAR,
// which computes in whole numbers.
export function resample({data, width, height}, columns, rows, bytes = true) {
  const {first, weights} = rows.at(-1), within = row => Math.min(Math.max(row, 0), height - 1);
  const top = within(rows[0].first), below = within(first + weights.length - 1) + 1;
  const turned = along(data.subarray(top * width, below * width), width, columns, 0, bytes);
  return along(turned, below - top, rows, top, bytes);
}

// n lines of x -> out (lines.length, n): turned round, so that two such steps restore the picture.
function along(x, length, lines, start, bytes) {
  const n = x.length / length, out = new (bytes ? Uint8Array : Float32Array)(lines.length * n);
  lines.forEach(({first, weights}, i) => {
    const places = weights.map((_, t) => Math.min(Math.max(first + t - start, 0), length - 1));
    const shares = bytes ? weights.map(each => Math.trunc(each * 2 ** 22 + 0.5)) : weights;
    for (let line = 0; line < n; line++) {
      let sum = bytes ? 2 ** 21 : 0;
      for (let t = 0; t < places.length; t++) sum += shares[t] * x[line * length + places[t]];
      out[i * n + line] = bytes ? sum >> 22 : sum;
    }
  });
  return out;
}

// Mirrors Image.reduce(2): means of squares of four pixels, of fewer at an odd edge.
export function halve({data, width, height}) {
  const w = width + 1 >> 1, h = height + 1 >> 1, out = new Uint8Array(w * h);
  for (let i = 0, n = 0; i < height; i += 2) {
    for (let j = 0; j < width; j += 2, n++) {
      const right = j + 1 < width ? 1 : 0, below = i + 1 < height ? width : 0;
      const at = i * width + j, count = (1 + right) * (below ? 2 : 1);
      const all = data[at] + data[at + right] + data[at + below] + data[at + right + below];
      out[n] = (all * count / 4 + (count >> 1)) / count;
    }
  }
  return {data: out, width: w, height: h};
}

// The square of a found face, 48x48 bytes. Mirrors face_of of tinyfer/data/pictures.py.
export function cut(data, width, height, {x, y, size}, side = 48) {
  const [columns, rows] = [x, y].map(from => triangles(from, size / side, side, from, from + size));
  return resample({data, width, height}, columns, rows);
}
