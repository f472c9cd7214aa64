// What batch norm takes out of a gradient: its part along 1, and its part along x-hat.

import {ink, number, stage} from "./stage.js";

const X = [1, 7, 9, 15], DOUT = [-1, 2, 1, 2], HAT = X.map(x => (x - 8) / 5);
const mean = values => values.reduce((a, b) => a + b) / values.length;

export function start(place) {
  stage(place, {
    label: "Bars of dout, of its parts along 1 and along x-hat, and of what is left", ratio: 2.6,
    controls: Object.fromEntries(X.map((x, n) => [n, {
      words: `dout for x = ${x}`, min: -3, max: 3, step: 0.1, value: DOUT[n]}])),
    draw(sheet, values) {
      const dout = X.map((_, n) => values[n]), one = X.map(() => mean(dout));
      const along = mean(dout.map((d, n) => d * HAT[n])), hat = HAT.map(each => along * each);
      const left = dout.map((d, n) => d - one[n] - hat[n]);
      const {pen, width, height, font} = sheet, middle = 0.55 * height, unit = 0.4 * height / 4;
      const panels = [["dout", dout, "--ink"], ["− along 1", one, "--plus"],
                      ["− along x̂", hat, "--minus"], ["= what is left", left, "--third"]];
      panels.forEach(([name, bars, colour], panel) => {
        const start = (panel + 0.08) * width / 4, bar = 0.84 * width / 16;
        pen.textAlign = "left";
        pen.fillStyle = ink("--ink");
        pen.fillText(name, start, font);
        pen.fillRect(start, middle, 4 * bar, 1);
        pen.textAlign = "center";
        bars.forEach((value, n) => {
          pen.fillStyle = ink(colour);
          pen.fillRect(start + (n + 0.12) * bar, middle, 0.76 * bar, -unit * value);
          pen.fillStyle = ink("--soft");
          pen.fillText(value.toFixed(1).replace("-", "−"), start + (n + 0.5) * bar,
                       middle - unit * value + (value < 0 ? font : -0.3 * font));
        });
      });
      const zero = value => Math.abs(value) < 1e-12 ? "0" : number(value);
      return `What is left adds up to ${zero(mean(left))}, and its product with x̂ to ` +
        `${zero(mean(left.map((d, n) => d * HAT[n])))}: the gradient asks for nothing that batch ` +
        "norm would undo.";
    }});
}
