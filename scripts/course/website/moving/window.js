// A 3x3 window on its way over a face: its nine products, and their sum, one pixel of the output.

import {face, frame, picture} from "./face.js";
import {ink, number, stage} from "./stage.js";

const FILTERS = {
  "lighter below than above": [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  "lighter right than left": [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  "lighter than around it": [0, -1, 0, -1, 4, -1, 0, -1, 0],
  "mean of the nine": Array(9).fill(1 / 9)};
const SIDE = 48, OUT = 46;

export async function start(place) {
  const bytes = await face(), x = Float32Array.from(bytes, grey => grey / 255);
  const taps = (i, j) => Array.from(
    {length: 9}, (_, n) => x[(i + Math.floor(n / 3)) * SIDE + j + n % 3]);
  let [i, j] = [30, 20];
  stage(place, {
    label: "A face, a window of 3 by 3 pixels on it, and the output. Arrow keys move the window.",
    ratio: 2.6, step: 1 / 2.6 / SIDE,
    controls: {w: {words: "weights", options: Object.keys(FILTERS)}},
    point(across, down) {
      const part = across * 2.6 > 1.6 ? across * 2.6 - 1.6 : Math.min(1, across * 2.6);
      [i, j] = [down, part].map(
        share => Math.min(OUT - 1, Math.max(0, Math.floor(share * SIDE) - 1)));
    },
    draw(sheet, {w: name}) {
      const {pen, height} = sheet, w = FILTERS[name], unit = height / SIDE, right = 1.6 * height;
      const sum = (i, j) => taps(i, j).reduce((total, each, n) => total + each * w[n], 0);
      const out = Float32Array.from(
        {length: OUT * OUT}, (_, n) => sum(Math.floor(n / OUT), n % OUT));
      picture(sheet, bytes, [0, 0, height]);
      picture(sheet, out, [right + unit, unit, OUT * unit], true);
      frame(sheet, [j * unit, i * unit, 3 * unit, 3 * unit]);
      frame(sheet, [right + (j + 1) * unit, (i + 1) * unit, unit, unit]);
      const cell = 0.17 * height, products = taps(i, j).map((each, n) => each * w[n]);
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.font = `${cell / 3.4}px system-ui, sans-serif`;
      products.forEach((product, n) => {
        const [a, b] = [1.06 * height + n % 3 * cell, 0.25 * height + Math.floor(n / 3) * cell];
        pen.strokeStyle = ink("--line");
        pen.strokeRect(a, b, cell, cell);
        pen.fillStyle = ink("--ink");
        pen.fillText(product.toFixed(2).replace("-", "−"), a + cell / 2, b + cell / 2);
      });
      pen.fillText("x · w", 1.31 * height, 0.18 * height);
      return `The window at row ${i}, column ${j}: the nine products add up to ` +
        `${number(sum(i, j), 3)}, the output there. Move over the face, or use the arrow keys.`;
    }});
}
