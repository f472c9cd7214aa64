// The questions of questions.py, answered by the network in the browser, in a thread of its own so
// that the page never stops. Each answer mirrors the function of its name in Python; what has no
// answer here (nudge, step, train) needs the program in a terminal.

import * as finders from "./network/finder.js";
import * as networks from "./network/network.js";
import * as pens from "./network/pen.js";

const BRIGHTEST = 0.998;            // `strips` of tinyfer/page/strips.py
const WEIGHTS = new URL("weights/", import.meta.url);

const opened = {};                  // name of a file -> the promise of what it holds
const open = (name, load) => opened[name] ??= load(new URL(name, WEIGHTS).href)
  .catch(error => { delete opened[name]; throw error; });
const pen = () => open("pen.json", pens.load);
const about = () => open("start.json", async url => (await fetch(url)).json());
const net = name => open(`${name}.bin`, networks.load);

// d p[k] / d logits. Mirrors explained_gradient of tinyfer/explain/score.py.
function slope({data, shape}, k) {
  const p = softmax(data);
  return {data: p.map((each, n) => p[k] * (Number(n === k) - each)), shape};
}

// Mirrors `softmax` of tinyfer/core/losses.py.
function softmax(logits) {
  const powers = logits.map(z => Math.exp(z - Math.max(...logits)));
  return powers.map(power => power / powers.reduce((a, b) => a + b));
}

// Red, green, blue and opacity, on white. Mirrors grey_of of tinyfer/data/pictures.py.
function greyOf(pixels, length) {
  const greys = new Uint8Array(length);
  for (let n = 0, at = 0; n < length; n++, at += 4) {
    const grey = 19595 * pixels[at] + 38470 * pixels[at + 1] + 7471 * pixels[at + 2] + 0x8000 >> 16;
    greys[n] = Math.round((grey * pixels[at + 3] + 255 * (255 - pixels[at + 3])) / 255);
  }
  return greys;
}

// What made the value of a unit, by its kind of layer: what is told, then its x and its w. Mirrors
// the functions of such names in strips.py.
const TOLD = {
  Conv2D({w, b, relu}, x, [i, j, k]) {
    const [, W, C] = x.shape, row = n => ((i + n) * W + j) * C;
    const xs = [0, 1, 2].flatMap(n => [...x.data.subarray(row(n), row(n) + 3 * C)]);
    const ws = w.filter((_, n) => n % b.length === k);
    return [{inputs: C, bias: b[k], relu}, Float32Array.from(xs), ws];
  },
  Dense({w, b, relu}, x, [k]) {
    const ws = w.filter((_, n) => n % b.length === k);
    return [{inputs: x.data.length, bias: b[k], relu}, x.data, ws];
  },
  BatchNorm({mean, var: variance, epsilon, gamma, beta}, x, place, at) {
    const k = place.at(-1);
    return [{x: x.data[at], mean: mean[k], var: variance[k], epsilon, gamma: gamma[k],
             beta: beta[k]}];
  },
  MaxPool2D(_, x, [i, j, k]) {
    const [, W, C] = x.shape;
    return [{four: [0, 1, W, W + 1].map(n => x.data[(2 * i * W + 2 * j + n) * C + k])}];
  },
  Dropout: (_, x, __, at) => [{x: x.data[at]}],
  Flatten(_, x, [n]) {
    const [, width, channels] = x.shape, k = n % channels, j = (n - k) / channels % width;
    return [{x: x.data[n], comes_from: [Math.floor(n / channels / width), j, k], shape: x.shape}];
  },
};

// [top, left, height, width] of the pixels that a unit sees, null where it sees them all. Mirrors
// unit_places of tinyfer/explain/methods.py.
function windowOf(row, [i, j], [top, left]) {
  let first = 0, step = 1, size = 1;
  for (const {kind} of row) {
    const [kernel, stride] = {Conv2D: [3, 1], MaxPool2D: [2, 2]}[kind] ?? [1, 1];
    first += step * (kernel - 1) / 2;
    size += step * (kernel - 1);
    step *= stride;
  }
  const [y, x] = [i, j].map(each => first + step * each - (size - 1) / 2);
  return [top + y, left + x, size, size];
}

// d of a unit, before its ReLU, with respect to the layer's x. Mirrors _pixels of strips.py.
function towardsX(layer, x, {data, shape}, at) {
  const dout = data.map((_, n) => Number(n === at));
  const out = layer.relu ? data.map(() => 1) : data;
  return layer.run.backward({data: dout, shape}, x, {data: out, shape});
}

const answers = {
  async start() {
    const {people, ...rest} = await pen();
    return {...rest, ...await about(), people: people.length - 1, learns: false};
  },

  async network({network}) {
    const {classNames} = await net(network), {learnt} = await about();
    return {classes: classNames, learnt_from: learnt[network]};
  },

  async draw({expression, person, measures: moved}) {
    const drawing = await pen(), all = {...pens.measures(drawing, expression, person), ...moved};
    const places = drawing.sliders.map(({name, low, high}) => (
      [name, Math.min(Math.max(all[name], low), high)]));
    return {measures: {...Object.fromEntries(places), ...moved}, arrays: [pens.draw(all)]};
  },

  async cut({width, height}, pixels) {
    const grey = greyOf(pixels, width * height), square = {x: 0, y: 0, size: width};
    return {arrays: [finders.cut(grey, width, height, square)]};
  },

  async find({width, height}, pixels) {
    const finder = await open("finder.bin", finders.load);
    const found = finder.find(greyOf(pixels, width * height), width, height);
    return {faces: found.map(({x, y, size, score}) => [x, y, size, score])};
  },

  async answer({network}, face) {
    const found = await net(network), {sure, ahead} = await about();
    const probabilities = [...softmax(found.forward(found.given(face)).data)];
    const [first, second] = probabilities.toSorted((a, b) => b - a);
    return {classes: found.classNames, probabilities,
            unsure: first < sure || first - second < ahead};
  },

  async map({network, method, target}, face) {
    const found = await net(network), values = found.values(found.given(face));
    const dout = slope(values.at(-1), found.classNames.indexOf(target));
    const map = found.onFace(found.backward(dout, values));
    return {arrays: [method === "gradient" ? map : map.map((d, n) => d * face[n] / 255)]};
  },

  async strips({network}, face) {
    const found = await net(network), {explained} = await about();
    const values = found.values(found.whole(face));
    const maps = [], layers = found.row.map(({name, title, kind}, number) => {
      const {data, shape} = values[number + 1], [height, width, channels] = shape;
      const sizes = data.map(Math.abs).sort();
      const scale = sizes[Math.ceil(BRIGHTEST * (sizes.length - 1))] || sizes.at(-1) || 1;
      maps.push(Int8Array.from({length: data.length}, (_, n) => {
        const k = Math.floor(n / height / width), pixel = n % (height * width);
        return Math.round(127 * Math.max(-1, Math.min(1, data[pixel * channels + k] / scale)));
      }));
      const [chapter, code] = explained[kind];
      return {name, title, shape, scale, chapter, code};
    });
    return {layers, arrays: maps};
  },

  async unit({network, layer: number, i, j, k, target}, face) {
    const found = await net(network), {row} = found, values = found.values(found.whole(face));
    const layer = row[number], x = values[number], out = values[number + 1];
    const [height, width, channels] = out.shape, vector = height * width === 1;
    const place = vector ? [k] : [i, j, k], at = vector ? k : (i * width + j) * channels + k;
    const dp = found.backward(slope(values.at(-1), found.classNames.indexOf(target)), values,
                              number + 1);
    const pixels = found.backward(towardsX(layer, x, out, at), values, 0, number);
    const [told, ...arrays] = TOLD[layer.kind](layer, x, place, at);
    return {kind: layer.kind, name: layer.name, title: layer.title, place, value: out.data[at],
            gradient: dp.data[at], target,
            window: vector ? null : windowOf(row.slice(0, number + 1), place, found.seen), ...told,
            arrays: [found.onFace(pixels), ...arrays]};
  },
};

addEventListener("message", async ({data: [number, name, ...given]}) => {
  try {
    postMessage([number, await answers[name](...given)]);
  } catch (error) {
    postMessage([number, null, error.message]);
  }
});
