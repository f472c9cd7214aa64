// The network in evaluation mode, forward and backward. A value is {data: Float32Array, shape:
// [H, W, C]}, channels last; a vector has the shape [1, 1, C].
//
//   const net = await load("weights/seven-class.bin");
//   net.forward(net.given(face)).data        // the logits of 48x48 bytes

import {convolution, convolve} from "./convolution.js";
import {read} from "./weights.js";

// The layers: each mirrors the class of its name in tinyfer/core/layers.py, and its backward(dout,
// x, out) is dx.

const rectified = (dout, out) => dout.data.map((d, n) => out.data[n] > 0 ? d : 0);     // ReLU's

class Conv2D {
  constructor({w, b, relu, arrays}) {
    const C = arrays.w[0][2];
    Object.assign(this, {w, C, K: b.length, relu, forwards: convolution(w, b, C, relu)});
  }

  forward({data, shape: [H, W]}) {
    return {data: convolve(data, H, W, this.forwards), shape: [H - 2, W - 2, this.K]};
  }

  // dx[i, j, c] = sum over u, v, k of dout[i - u, j - v, k] w[u, v, c, k]: a convolution of dout,
  // within two rows and columns of zeros, with the weights turned round.
  backward(dout, x, out) {
    const {C, K, w} = this, [H, W] = x.shape, [h, width] = out.shape;
    const d = this.relu ? rectified(dout, out) : dout.data, wide = new Float32Array(
      (H + 2) * (W + 2) * K);
    for (let i = 0; i < h; i++) {
      wide.set(d.subarray(i * width * K, (i + 1) * width * K), ((i + 2) * (W + 2) + 2) * K);
    }
    this.backwards ??= convolution(w.map((_, n) => {
      const c = n % C, k = Math.floor(n / C) % K, tap = Math.floor(n / C / K);
      return w[((8 - tap) * C + c) * K + k];
    }), new Float32Array(C), K, false);
    return {data: convolve(wide, H + 2, W + 2, this.backwards), shape: x.shape};
  }
}

class BatchNorm {       // y = s x + t for each channel
  constructor({gamma, beta, mean, var: variance, epsilon}) {
    this.s = gamma.map((g, c) => g / Math.sqrt(variance[c] + epsilon));
    this.t = beta.map((b, c) => b - this.s[c] * mean[c]);
  }

  forward({data, shape}) {
    const {s, t} = this, C = s.length, out = new Float32Array(data.length);
    for (let n = 0; n < out.length; n += C) {
      for (let c = 0; c < C; c++) out[n + c] = s[c] * data[n + c] + t[c];
    }
    return {data: out, shape};
  }

  backward({data, shape}) {
    return {data: data.map((d, n) => d * this.s[n % this.s.length]), shape};
  }
}

class MaxPool2D {
  forward({data, shape: [H, W, C]}) {
    const shape = [H >> 1, W >> 1, C], out = new Float32Array(shape[0] * shape[1] * C), row = W * C;
    for (let i = 0, n = 0; i < H - 1; i += 2) {
      for (let first = i * row, end = first + (W - 1) * C; first < end; first += 2 * C) {
        for (let at = first; at < first + C; at++, n++) {
          out[n] = Math.max(Math.max(data[at], data[at + C]),
                            Math.max(data[at + row], data[at + row + C]));
        }
      }
    }
    return {data: out, shape};
  }

  backward(dout, x, out) {      // of equal values the first in reading order wins
    const [, W, C] = x.shape, w = out.shape[1], dx = new Float32Array(x.data.length);
    dout.data.forEach((d, n) => {
      const pixel = Math.floor(n / C), j = pixel % w;
      const at = (2 * (pixel - j) / w * W + 2 * j) * C + n % C;
      dx[[at, at + C, at + W * C, at + W * C + C].find(p => x.data[p] === out.data[n])] = d;
    });
    return {data: dx, shape: x.shape};
  }
}

class Dense {
  constructor(layer) { Object.assign(this, layer); }

  forward({data}) {
    const {w, relu} = this, K = this.b.length, out = this.b.slice();
    data.forEach((x, n) => { for (let k = 0; k < K; k++) out[k] += x * w[n * K + k]; });
    return {data: relu ? out.map(y => Math.max(0, y)) : out, shape: [1, 1, K]};
  }

  backward(dout, x, out) {
    const {w, relu} = this, d = relu ? rectified(dout, out) : dout.data, K = d.length;
    return {data: x.data.map((_, n) => d.reduce((sum, each, k) => sum + each * w[n * K + k], 0)),
            shape: x.shape};
  }
}

class Dropout {         // in evaluation it does nothing,
  forward(x) { return x; }
  backward(dout) { return dout; }
}

class Flatten {         // and this only renames
  forward({data}) { return {data, shape: [1, 1, data.length]}; }
  backward({data}, {shape}) { return {data, shape}; }
}

const KINDS = {Conv2D, BatchNorm, MaxPool2D, Dense, Dropout, Flatten};

// Layers in a row. Mirrors Sequential of tinyfer/core/model.py.
export class Sequential {
  constructor({layers}) {
    this.row = layers.map(layer => ({...layer, run: new KINDS[layer.kind](layer)}));
  }

  // What goes into each layer, and then what comes out of the last.
  values(x) {
    const values = [x];
    for (const {run} of this.row) values.push(run.forward(values.at(-1)));
    return values;
  }

  forward(x) { return this.row.reduce((value, {run}) => run.forward(value), x); }

  // From d out of layer number end - 1 back to d x of layer number `start`.
  backward(dout, values, start = 0, end = this.row.length) {
    return this.row.slice(start, end).reduceRight((d, {run}, n) => (
      run.backward(d, values[start + n], values[start + n + 1])), dout);
  }
}

// A network, its classes, and where on a face it looks. Mirrors Network of page/networks.py.
export class Network extends Sequential {
  constructor(model) {
    super(model);
    Object.assign(this, {classNames: model.class_names, seen: model.seen, side: model.side});
  }

  // H rows and W columns of a face of bytes, from (top, left) on, as the layers are given them.
  given(face, [top, left, H, W] = this.seen) {
    const data = new Float32Array(H * W);
    for (let i = 0; i < H; i++) {
      const first = (top + i) * this.side + left;
      data.set(face.subarray(first, first + W), i * W);
    }
    return {data: data.map(grey => grey / 255), shape: [H, W, 1]};
  }

  // The same from the first row and column that it sees to the last of the face.
  whole(face) {
    const [top, left] = this.seen;
    return this.given(face, [top, left, this.side - top, this.side - left]);
  }

  // dx of what was given, laid on the whole face.
  onFace({data, shape: [H, W]}) {
    const [top, left] = this.seen, map = new Float32Array(this.side ** 2);
    for (let i = 0; i < H; i++) {
      map.set(data.subarray(i * W, (i + 1) * W), (top + i) * this.side + left);
    }
    return map;
  }
}

export async function load(url) {
  return new Network((await read(url))[0]);
}
