// The interval of a share of right answers, by Wilson and by the usual formula.

import {dot, ink, stage, trace} from "./stage.js";

const Z = 1.959963984540054;

// Mirrors wilson_interval of tinyfer/scores/metrics.py.
function wilson(p, n) {
  const middle = p + Z * Z / (2 * n), scale = 1 + Z * Z / n;
  const spread = Z * Math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
  return [(middle - spread) / scale, (middle + spread) / scale];
}

export function start(place) {
  stage(place, {
    label: "Two intervals on a line from 0 to 1", ratio: 3.6,
    controls: {
      n: {words: "images", min: 0.7, max: 4, step: 0.01, value: 1.301,
          shown: power => Math.round(10 ** power)},
      share: {words: "right", min: 0, max: 1, step: 0.01, value: 0.95,
              shown: share => `${Math.round(100 * share)} %`}},
    draw(sheet, values) {
      const n = Math.round(10 ** values.n), k = Math.round(values.share * n), p = k / n;
      const usual = Z * Math.sqrt(p * (1 - p) / n), {pen, width, height, font} = sheet;
      const at = share => 0.2 * width + 0.6 * width * share;
      pen.fillStyle = ink("--soft");
      for (let tick = 0; tick <= 5; tick++) {
        trace(sheet, [[at(tick / 5), 0.1 * height], [at(tick / 5), 0.78 * height]], "--line", 1);
        pen.textAlign = "center";
        pen.fillText(String(tick / 5), at(tick / 5), 0.92 * height);
      }
      const both = {Wilson: wilson(p, n), usual: [p - usual, p + usual]};
      Object.entries(both).forEach(([name, ends], row) => {
        const y = (0.28 + 0.32 * row) * height, colour = row ? "--minus" : "--plus";
        pen.textAlign = "right";
        pen.fillStyle = ink("--ink");
        pen.fillText(name, at(0) - 1.5 * font, y + 0.3 * font);
        trace(sheet, ends.map(end => [at(end), y]), colour, 6);
        dot(sheet, [at(p), y], "--ink", 4);
      });
      const said = Object.entries(both).map(([name, ends]) => `${name} ${ends.map(
        end => end.toFixed(3).replace("-", "−")).join(" to ")}`);
      const beyond = p - usual < 0 || p + usual > 1, none = usual === 0;
      return `${k} of ${n} right, 95 % intervals: ${said.join("; ")}.` + (none
        ? " The usual one has no width, as if there were no doubt."
        : beyond ? " The usual one sticks out of what a share can be." : "");
    }});
}
