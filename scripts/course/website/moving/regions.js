// Which points a network calls blue: without a hidden layer a line divides them, with one it is put
// together from pieces. It is trained anew at each change, from the same random weights.

import {ink, stage} from "./stage.js";

const STEPS = 1500, RATE = 0.3, MOMENTUM = 0.9, CELLS = 44;

function random(seed) {         // Park and Miller's generator: the same numbers for everyone
  return () => (seed = seed * 48271 % 2147483647) / 2147483647;
}

// 40 points about the middle (1), 40 round them (0).
const draw = random(7), points = Array.from({length: 80}, (_, n) => {
  const radius = n < 40 ? 0.42 * Math.sqrt(draw()) : 0.65 + 0.3 * draw();
  const angle = 2 * Math.PI * draw();
  return {x: [radius * Math.cos(angle), radius * Math.sin(angle)], label: n < 40 ? 1 : 0};
});

// H hidden units (0: none) after STEPS steps on all points: a function from x to p.
function trained(H, seed) {
  const chance = random(seed), wide = H || 2;
  const sizes = [2 * H, H, wide, 1], w = sizes.map(size => Array.from(
    {length: size}, () => 2 * chance() - 1)), speed = sizes.map(size => Array(size).fill(0));
  const hidden = x => !H ? x : w[1].map((b, k) => Math.max(
    0, 2 * (w[0][2 * k] * x[0] + w[0][2 * k + 1] * x[1]) + b));
  const p = h => 1 / (1 + Math.exp(-h.reduce((sum, each, k) => sum + each * w[2][k], w[3][0])));
  for (let step = 0; step < STEPS; step++) {
    const d = sizes.map(size => Array(size).fill(0));
    for (const {x, label} of points) {
      const h = hidden(x), dz = (p(h) - label) / points.length;
      d[3][0] += dz;
      h.forEach((each, k) => {
        d[2][k] += dz * each;
        if (!H || each === 0) return;
        d[1][k] += dz * w[2][k];
        d[0][2 * k] += 2 * dz * w[2][k] * x[0];
        d[0][2 * k + 1] += 2 * dz * w[2][k] * x[1];
      });
    }
    w.forEach((array, a) => array.forEach((_, n) => {
      speed[a][n] = MOMENTUM * speed[a][n] + d[a][n];
      array[n] -= RATE * speed[a][n];
    }));
  }
  return x => p(hidden(x));
}

export function start(place) {
  let made = {}, p;
  stage(place, {
    label: "Points of two classes, and the regions that a network gives to each", ratio: 1.6,
    controls: {H: {words: "hidden units", min: 0, max: 8, value: 0, shown: H => H || "none"},
               seed: {words: "first weights", min: 1, max: 9, value: 1}},
    legend: [["--plus", "inside (dots)"], ["--minus", "outside (squares)"]],
    draw(sheet, {H, seed}) {
      if (made.H !== H || made.seed !== seed) [made, p] = [{H, seed}, trained(H, seed)];
      const {pen, width, height} = sheet, cell = height / CELLS, left = (width - height) / 2;
      for (let n = 0; n < CELLS * CELLS; n++) {
        const [i, j] = [Math.floor(n / CELLS), n % CELLS];
        const share = p([2.2 * (j + 0.5) / CELLS - 1.1, 2.2 * (i + 0.5) / CELLS - 1.1]);
        pen.globalAlpha = 0.08 + 0.5 * Math.abs(share - 0.5);
        pen.fillStyle = ink(share > 0.5 ? "--plus" : "--minus");
        pen.fillRect(left + j * cell, i * cell, cell + 0.5, cell + 0.5);
      }
      pen.globalAlpha = 1;
      let right = 0;
      for (const {x, label} of points) {
        const [a, b] = [left + (x[0] + 1.1) / 2.2 * height, (x[1] + 1.1) / 2.2 * height];
        right += (p(x) > 0.5) === (label === 1);
        pen.fillStyle = ink(label ? "--plus" : "--minus");
        pen.beginPath();
        if (label) pen.arc(a, b, 4, 0, 2 * Math.PI); else pen.rect(a - 3, b - 3, 6, 6);
        pen.fill();
      }
      return `${right} of ${points.length} points are on their side. ` + (H === 0
        ? "Without a hidden layer the border is a straight line, and no line can do it."
        : `${H === 1 ? "One hidden unit has a fold" : `${H} hidden units have ${H} folds`}, ` +
          "along which the border can turn.");
    }});
}
