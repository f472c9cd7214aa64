// Finds faces: two small networks over a pyramid, and what overlaps is merged. Mirrors
// tinyfer/photo/finder.py, function by function.
//
//   const finder = await load("weights/finder.bin");
//   finder.find(grey, width, height)       // [{x, y, size, score}, ...], the surest first
//
// Inside, a box is [x and y of its middle, side, score].

import {Sequential} from "./network.js";
import {halve, resample, round, triangles} from "./picture.js";
import {read} from "./weights.js";

export {cut} from "./picture.js";

const THRESHOLD = 0.5;          // least score of a face

export async function load(url) {
  return new Finder(...await read(url));
}

export class Finder {
  constructor(scan, look) {
    this.is = scan.constants;       // those of finder.py, by their names there
    this.scan = new Sequential(scan);
    this.look = new Sequential(look);
  }

  // The faces in a picture of bytes, row after row. Mirrors faces_in, `find` and in_picture.
  find(data, width, height) {
    const halves = [{data, width, height}];         // a half, a quarter, ...: `halved`
    while (Math.min(halves.at(-1).width, halves.at(-1).height) >= 2 * this.is.LOOK_SIZE) {
      halves.push(halve(halves.at(-1)));
    }
    let boxes = this.candidates(
      halves, Math.max(this.is.SMALLEST, Math.max(width, height) / 60));
    boxes = boxes.map(box => this.lookedAt(halves, box, this.is.VIEWS.slice(0, 1)));
    boxes = suppress(boxes.filter(box => box[3] > 0.1 * THRESHOLD), 0.8);
    boxes = boxes.map(box => this.lookedAt(halves, box, this.is.VIEWS));
    return merge(boxes.filter(box => box[3] > THRESHOLD)).map(([x, y, side, score]) => {
      const size = Math.min(Math.max(1, round(side)), width, height);
      const [left, top] = [[x, width], [y, height]].map(([middle, length]) =>
        Math.min(Math.max(0, round(middle - side / 2)), length - size));
      return {x: left, y: top, size, score};
    });
  }

  // Boxes of the windows that `scan` takes for faces. Mirrors windows and candidates.
  candidates(halves, smallest) {
    const {HAND_ON, MOST, SCAN_SIZE, SCAN_STRIDE, FILL, BORDER} = this.is, found = [];
    const least = Math.log(HAND_ON / (1 - HAND_ON));
    const middle = place => place * SCAN_STRIDE + SCAN_SIZE / 2;
    for (const {scale, top, x} of this.pyramid(halves, smallest)) {
      const {data, shape: [, columns, K]} = this.scan.forward(x);
      for (let n = 0; n * K < data.length; n++) {
        if (!(data[n * K + 1] - data[n * K] > least)) continue;
        const [x, y, side, score] = this.moved(
          [middle(n % columns), middle(top + Math.floor(n / columns)), SCAN_SIZE * FILL],
          data.subarray(n * K, (n + 1) * K));
        found.push([(x - BORDER) / scale, (y - BORDER) / scale, side / scale, score]);
      }
    }
    return suppress(sorted(found).slice(0, MOST), 0.6);
  }

  // The pictures of the pyramid, within borders, in strips of rows where they are large: scale, the
  // number of the first row of windows, x. Mirrors scales and pyramid.
  * pyramid(halves, smallest) {
    const {SCAN_SIZE, SCAN_STRIDE, FILL, BORDER, AT_ONCE, STEP} = this.is;
    const [{width, height}] = halves;
    for (let scale = SCAN_SIZE * FILL / smallest;
      Math.min(width, height) * scale + 2 * BORDER >= SCAN_SIZE; scale /= STEP) {
      const half = halves[Math.trunc(Math.min(Math.max(-Math.log2(scale), 0), halves.length - 1))];
      const [columns, rows] = ["width", "height"].map(side => {
        const size = Math.max(1, round(halves[0][side] * scale));
        const lines = triangles(0, half[side] / size, size, 0, half[side]);
        const border = line => Array(BORDER).fill(line);
        return [...border(lines[0]), ...lines, ...border(lines.at(-1))];
      });
      const many = Math.max(1, Math.floor(AT_ONCE / (SCAN_STRIDE * columns.length)));
      for (let top = 0; SCAN_STRIDE * top + SCAN_SIZE <= rows.length; top += many) {
        const strip = rows.slice(SCAN_STRIDE * top, SCAN_STRIDE * (top + many - 1) + SCAN_SIZE);
        const data = new Float32Array(resample(half, columns, strip)).map(v => v / 255);
        yield {scale, top, x: {data, shape: [strip.length, columns.length, 1]}};
      }
    }
  }

  // A box moved and resized as a network's outputs say, and with its score: in float32, where many
  // are 1, and of these the first counts as the surest.
  moved([x, y, side], [scene, face, right, down, larger]) {
    const unit = this.is.UNIT * side;
    return [x + unit * right, y + unit * down,
            side * Math.exp(this.is.UNIT * Math.min(Math.max(larger, -7), 7)),
            Math.fround(1 / (1 + Math.exp(scene - face)))];
  }

  // A box as `look` sees it: moved, and with its score; the mean over windows larger by a factor,
  // mirrored (-1) or not. Mirrors looked_at, _outputs and cut.
  lookedAt(halves, [x, y, side], views) {
    const {UNIT, FILL, LOOK_SIZE} = this.is, mean = [0, 0, 0, 0, 0];
    for (const [mirrored, larger] of views) {
      const whole = side * larger / FILL, level = Math.trunc(Math.min(Math.max(
        Math.log2(Math.max(whole, 1) / LOOK_SIZE / 2), 0), halves.length - 1));
      const [columns, rows] = [x, y].map(middle => triangles(
        (middle - whole / 2) / 2 ** level, whole / 2 ** level / LOOK_SIZE, LOOK_SIZE));
      if (mirrored < 0) columns.reverse();
      const {data: out} = this.look.forward({
        data: standardised(resample(halves[level], columns, rows, false)),
        shape: [LOOK_SIZE, LOOK_SIZE, 1]});
      [out[0], out[1], out[2] * mirrored * larger, out[3] * larger,
       out[4] + Math.log(larger) / UNIT].forEach((y, n) => { mean[n] += y / views.length; });
    }
    return this.moved([x, y, side], mean);
  }
}

// Mean 0 and variance 1.
function standardised(x) {
  const mean = x.reduce((a, b) => a + b) / x.length;
  const spread = Math.sqrt(x.reduce((sum, each) => sum + (each - mean) ** 2, 0) / x.length);
  return x.map(each => (each - mean) / (spread + 1));
}

const sorted = boxes => boxes.toSorted((a, b) => b[3] - a[3]);

// Intersection over union of two boxes, and intersection over the smaller.
function overlap([x, y, side], [x2, y2, side2]) {
  const [width, height] = [x - x2, y - y2].map(distance => Math.max(
    0, Math.min((side + side2) / 2 - Math.abs(distance), side, side2)));
  const both = width * height;
  return [both / (side ** 2 + side2 ** 2 - both), both / Math.min(side, side2) ** 2];
}

// Non-maximum suppression: the surest box stays, what overlaps it by more than `most` goes.
function suppress(boxes, most) {
  const kept = [];
  for (const box of sorted(boxes)) {
    if (kept.every(other => overlap(box, other)[0] <= most)) kept.push(box);
  }
  return kept;
}

// Suppression in which those that go have their say: the mean of the boxes on a face, by score.
function merge(boxes) {
  const kept = [];
  for (let rest = sorted(boxes); rest.length;) {
    const best = rest[0], overlaps = rest.map(box => overlap(best, box));
    const same = rest.filter((_, n) => overlaps[n][0] > 0.5);
    const total = same.reduce((sum, box) => sum + box[3], 0);
    kept.push([...[0, 1, 2].map(n => same.reduce((sum, box) => sum + box[n] * box[3], 0) / total),
               best[3]]);
    rest = rest.filter((_, n) => overlaps[n][0] <= 0.3 && overlaps[n][1] <= 0.7);
  }
  return kept;
}
