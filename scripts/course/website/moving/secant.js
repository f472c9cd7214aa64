// The secant through f(x - h) and f(x + h), and what its slope is wrong by: f = exp at x = 1.

import {chart, number, stage} from "./stage.js";

const KINDS = {"double precision": x => x, "single precision": Math.fround};

export function start(place) {
  stage(place, {
    label: "The curve of exp and its secant at x = 1", ratio: 2.2,
    controls: {
      h: {words: "step h", min: -12, max: 0, step: 0.25, value: 0, shown: h => number(10 ** h, 2)},
      way: {words: "difference", options: ["central", "forward"]},
      kind: {words: "numbers", options: Object.keys(KINDS)}},
    legend: [["--soft", "exp"], ["--plus", "secant"]],
    draw({pen: {canvas}}, {h: power, way, kind}) {
      const round = KINDS[kind], h = 10 ** power, f = x => round(Math.exp(x));
      const ends = [way === "central" ? round(1 - h) : 1, round(1 + h)];
      const [low, high] = ends.map(f), slope = round(round(high - low) / round(ends[1] - ends[0]));
      const x = Array.from({length: 81}, (_, n) => n / 36);
      const anchor = Number.isFinite(slope) ? slope : 0, line = [0, 2.22];
      chart(canvas, {
        lines: [{x, y: x.map(Math.exp), colour: "--soft", width: 3},
                {x: line, y: line.map(each => low + anchor * (each - ends[0])), colour: "--plus"}],
        points: ends.map((x, n) => ({x, y: [low, high][n], colour: "--plus"})), x: "x", y: "f"});
      if (!Number.isFinite(slope)) {
        return `In ${kind} 1 + h is 1: the step is lost in rounding, and no difference is left.`;
      }
      const bend = way === "central" ? h * h / 6 : h / 2, error = Math.abs(slope - Math.E);
      return `Slope ${slope.toFixed(8)}, and the true one is ${Math.E.toFixed(8)}: the error is ` +
        `${number(error, 2)}. The curve's bend makes ${number(bend * Math.E, 2)} of it` +
        (error > 3 * bend * Math.E ? "; the rest is rounding, and grows as h falls." : ".");
    }});
}
