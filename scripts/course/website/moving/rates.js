// How the rate goes through a training, and what becomes of the noise: chapter 16's walk in a
// valley of curvature 1 with noise of size 1, its mean loss computed exactly.

import {chart, number, stage} from "./stage.js";

const STEPS = 400;
const cosine = s => (1 + Math.cos(Math.PI * s)) / 2;
const SCHEDULES = {         // mirrors SCHEDULES of tinyfer/core/optim.py
  "constant": () => 1, "cosine": cosine,
  "one-cycle": (s, rise) => s < rise ? 1 - (1 - 1 / 25) * cosine(s / rise)
    : cosine((s - rise) / (1 - rise))};
const COLOURS = {"constant": "--ink", "cosine": "--plus", "one-cycle": "--minus"};

export function start(place) {
  stage(place, {
    label: "The loss against the step for a constant rate, a cosine and one cycle", ratio: 2.2,
    controls: {
      rate: {words: "highest rate", min: -2.5, max: 0.2, step: 0.05, value: -0.3,
             shown: power => number(10 ** power, 2)},
      rise: {words: "rise of one-cycle", min: 0.05, max: 0.9, step: 0.05, value: 0.25,
             shown: share => `${Math.round(100 * share)} % of the steps`},
      what: {words: "shown", options: ["the rate", "the loss (its logarithm)"]}},
    legend: Object.entries(COLOURS).map(([name, colour]) => [colour, name]),
    draw({pen: {canvas}}, {rate: power, rise, what}) {
      const ends = [], lines = Object.entries(SCHEDULES).map(([name, schedule]) => {
        const x = [], y = [];
        let mean = 3, variance = 0;
        for (let t = 0; t < STEPS; t++) {
          const rate = 10 ** power * schedule(t / STEPS, rise);
          [mean, variance] = [mean * (1 - rate), variance * (1 - rate) ** 2 + rate ** 2];
          x.push(t);
          y.push(what === "the rate" ? rate : Math.log10((mean ** 2 + variance) / 2));
        }
        ends.push(`${name} ${number((mean ** 2 + variance) / 2, 2)}`);
        return {x, y, colour: COLOURS[name]};
      });
      const all = lines.flatMap(({y}) => y), low = Math.min(...all), high = Math.max(...all);
      chart(canvas, {lines, axes: {x: [0, STEPS], y: [low, high]}, x: "step",
                     y: what === "the rate" ? "rate" : "log₁₀ loss"});
      return `The mean loss after ${STEPS} steps, from 4.5 on: ${ends.join(", ")}. A rate that ` +
        "stays high leaves noise; one that stays low gets nowhere.";
    }});
}
