// Plain descent, momentum and Adam down the valley of chapter 10, one hundred times as steep across
// as along.

import {dot, ink, number, stage, trace} from "./stage.js";

const CURVATURES = [1, 100], START = [-10, 1], LEVELS = [1, 5, 15, 40, 100, 250, 600, 1500];
const METHODS = {       // name: [beta1, whether it divides, colour, dash]
  "gradient descent": [0, false, "--minus", [4, 3]], "momentum": [0.9, false, "--third", [8, 3]],
  "Adam": [0.9, true, "--plus", []]};

function path([beta, divides], rate, steps, turn) {
  const slope = w => turn(turn(w, -1).map((each, n) => CURVATURES[n] * each), 1);
  const path = [turn(START, 1)];
  let m = [0, 0], v = [0, 0];
  for (let t = 1; t <= steps; t++) {
    const w = path.at(-1), g = slope(w);
    m = m.map((each, n) => beta * each + (1 - beta) * g[n]);
    v = v.map((each, n) => 0.999 * each + 0.001 * g[n] ** 2);
    const bias = Math.sqrt(1 - 0.999 ** t) / (1 - beta ** t);
    path.push(w.map((each, n) => each - rate * (
      divides ? bias * m[n] / (Math.sqrt(v[n]) + 1e-7) : m[n])));
  }
  return path;
}

export function start(place) {
  const rate = (words, value, max) => ({
    words, min: -3, max, step: 0.05, value, shown: power => number(10 ** power, 2)});
  stage(place, {
    label: "The valley from above, and the steps of three methods in it", ratio: 1.7,
    controls: {
      plain: rate("rate of gradient descent", -1.9, -1.5),
      momentum: rate("rate of momentum", -1.3, -0.3),
      adam: rate("rate of Adam", 0, 1),
      steps: {words: "steps", min: 1, max: 100, value: 40},
      degrees: {words: "valley turned by", min: 0, max: 90, step: 5, value: 0,
                shown: degrees => `${degrees}°`}},
    legend: Object.entries(METHODS).map(([name, [, , colour]]) => [colour, name]),
    draw(sheet, {plain, momentum, adam, steps, degrees}) {
      const angle = degrees * Math.PI / 180, [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const turn = ([x, y], way) => [cos * x - way * sin * y, way * sin * x + cos * y];
      const {width, height, pen} = sheet, unit = height / 15;
      const at = ([x, y]) => [width / 2 + (x + 4.5) * unit, height / 2 - (y + 4 * sin) * unit];
      for (const level of LEVELS) {
        trace(sheet, Array.from({length: 121}, (_, n) => {
          const [a, b] = CURVATURES.map(each => Math.sqrt(2 * level / each));
          return at(turn([a * Math.cos(n * Math.PI / 60), b * Math.sin(n * Math.PI / 60)], 1));
        }), "--line", 1);
      }
      pen.fillStyle = ink("--ink");
      const losses = Object.entries(METHODS).map(([name, method], n) => {
        const points = path(method, 10 ** [plain, momentum, adam][n], steps, turn);
        trace(sheet, points.map(at), method[2], 1.5, method[3]);
        if (points.length < 60) for (const point of points) dot(sheet, at(point), method[2], 2);
        const [x, y] = turn(points.at(-1), -1), loss = (x * x + 100 * y * y) / 2;
        return `${name} ${loss > 1e6 ? "has left the valley" : number(loss, 2)}`;
      });
      dot(sheet, at(turn(START, 1)), "--ink", 4);
      dot(sheet, at([0, 0]), "--ink", 4);
      return `The loss after ${steps} steps, from 100 on: ${losses.join(", ")}.`;
    }});
}
