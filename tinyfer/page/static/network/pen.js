// Draws faces from their measures. Mirrors tinyfer/data/shapes.py and draw_face of drawn.py.
//
//   const pen = await load("weights/pen.json");    // {expressions, sliders, people, ...}
//   draw({...measures(pen, "happy", 0), open: 0.3})     // person 0 is the plain face

import {fetched} from "./weights.js";

export async function load(url) {
  return (await fetched(url)).json();
}

// All that is drawn of one of the people of pen.json, with an expression. Mirrors `measures`.
export function measures({expressions, people}, expression, person = 0) {
  const all = {...people[person], ...people[person][expression]};
  for (const name of expressions) delete all[name];
  return all;
}

// A face of 48x48 bytes. m: every measure, by its name in drawn.py. Mirrors draw_face, and Sheet of
// shapes.py.
export function draw(m) {
  const c = cos(m.tilt) / m.scale, s = sin(m.tilt) / m.scale;
  return Uint8Array.from({length: 48 * 48}, (_, n) => {
    const dx = n % 48 - m.x, dy = Math.floor(n / 48) - m.y;
    const sheet = new Sheet(m.background, m.scale);
    face(sheet, c * dx + s * dy, c * dy - s * dx, m);
    return Math.round(255 * clip(sheet.grey, 0, 1));
  });
}

// One pixel, on which shape after shape is laid by its signed distance d.
class Sheet {
  constructor(grey, scale) { Object.assign(this, {grey, scale}); }
  cover(d) { return clip(0.5 - d * this.scale, 0, 1); }
  paint(d, grey, opacity = 1) { this.grey += this.cover(d) * opacity * (grey - this.grey); }
  shade(d, opacity) { this.grey *= 1 - this.cover(d) * opacity; }
}

const {abs, cos, max, min, sin, sqrt} = Math, FAR = 9, both = max;
const clip = (x, low, high) => min(max(x, low), high);
const ellipse = (u, v, a, b) => (sqrt((u / a) ** 2 + (v / b) ** 2) - 1) * min(a, b);
const stroke = (along, across, length, width) => max(abs(across) - width, abs(along) - length);

// Mirrors `draw` of shapes.py, and so do those below the functions of their names.
function face(sheet, u, v, m) {
  const head = ellipse(u, v, m.head_width - 0.12 * max(v, 0) ** 2, 1);
  const hair = m.hair + 0.05 * sin(u * 23 + 4 * v);
  const behind = ellipse(u, v + 0.12 - m.hair_length, m.head_width + 0.14, 1.02 + m.hair_length);
  sheet.paint(behind + FAR * m.bald, hair);
  sheet.paint(both(abs(u) - 0.42, 0.3 - v), m.skin * 0.72);
  sheet.paint(ellipse(abs(u) - m.head_width, v - 0.02, 0.13, 0.22), m.skin * 0.8);

  const across = u / m.head_width, out = sqrt(clip(1 - across ** 2 - v ** 2, 0.02, 1));
  const light = m.light_u * across + m.light_v * v + m.light_out * out;
  sheet.paint(head, m.skin * (0.62 + 0.42 * clip(light, 0, 1)));

  u -= m.turn * 0.22;
  u += 0.3 * m.turn * abs(u);
  v -= m.nod * 0.14;
  const side = abs(u);
  lines(sheet, side, v, m);
  sheet.shade(0.15 * both(head, m.beard_line - v - 0.5 * side ** 2), m.beard);
  nose(sheet, u, side, v, m);
  mouth(sheet, u, v, m);
  eyes(sheet, u, side, v, m);
  const fringe = v + m.forehead_height - m.fringe_curve * u ** 2
    + 0.03 * sin(u * 19 + m.fringe_wave);
  sheet.paint(both(head - 0.05, fringe) + FAR * m.bald, hair);
  brow(sheet, side, v, m);
  extras(sheet, u, side, v, m);
}

function lines(sheet, side, v, m) {
  for (const height of [-0.52, -0.62]) {
    sheet.shade(stroke(side, v - height - 0.1 * side ** 2, 0.3, 0.016), 0.4 * m.forehead);
  }
  sheet.shade(stroke(v + 0.3, side - 0.055, 0.1, 0.018), 0.6 * m.frown);
  for (const height of [0, 0.1]) {
    sheet.shade(stroke(side - 0.1, v - height - 0.7 * (side - 0.1), 0.07, 0.018), 0.6 * m.wrinkle);
  }
  const t = (v - 0.2) / (m.mouth_height - 0.1);
  sheet.shade(stroke(t - 0.5, side - 0.17 - (m.mouth_width - 0.06) * t * (1.7 - 0.7 * t), 0.45,
                     0.012), 0.4 * m.fold);
}

function nose(sheet, u, side, v, m) {
  const tip = m.nose_length;
  sheet.shade(ellipse(u - 0.05, v - tip + 0.13, 0.07, 0.26), 0.12);
  sheet.paint(ellipse(u, v - tip + 0.03, 0.075, 0.07), min(m.skin * 1.12, 1), 0.5);
  sheet.shade(ellipse(side - 0.075, v - tip - 0.03, 0.04, 0.028), 0.6);
  sheet.shade(stroke(v - tip, side - m.nose_width + 2 * (v - tip) ** 2, 0.07, 0.018),
              0.25 + 0.3 * m.wrinkle);
}

function mouth(sheet, u, v, m) {
  const t = u / m.mouth_width, inside = clip(1 - t * t, 0, 1);
  const middle = m.mouth_height - m.lift * (t * t - 0.45) + m.skew * t;
  const gap = m.open * inside * (1 + m.square * t * t);
  const top = middle - 0.35 * gap - m.sneer * clip(1 - (t - m.skew * 4) ** 2 * 2.2, 0, 1);
  const bottom = middle + 0.65 * gap - 0.4 * m.sneer * inside;
  const width = abs(u) - m.mouth_width, plump = m.lips * (0.35 + 0.65 * inside);
  sheet.shade(stroke(t, v - bottom - plump - 0.1, 0.45, 0.03), 0.22);
  sheet.paint(both(top - plump * 0.8 - v, v - bottom - plump, width - 0.02), m.skin * 0.62);
  const opening = both(top - v, v - bottom, width);
  sheet.paint(opening, 0.1);
  const tongue = ellipse(u, v - bottom, m.mouth_width * 0.6, 0.1 + m.tongue);
  sheet.paint(both(opening, tongue), 0.42, 0.9);
  sheet.paint(both(opening, v - top - 0.1), 0.95, m.teeth);
  sheet.paint(both(opening, bottom - v - 0.08), 0.9, m.teeth * m.clench);
  sheet.paint(stroke(u, v - (top + bottom) / 2, m.mouth_width, 0.022), 0.12, 1 - 0.85 * m.teeth);
  sheet.shade(ellipse(width, v - m.mouth_height + m.lift * 0.55, 0.035, 0.035), 0.35);
}

function eyes(sheet, u, side, v, m) {
  v += m.eye_height;
  const t = (side - m.eye_distance) / m.eye_width, arc = clip(1 - t * t, 0, 1);
  const upper = -m.lid_upper * sqrt(arc) * (1 + m.lid_slope * t) - 0.015 * t;
  const lower = m.lid_lower * arc - 0.015 * t;
  sheet.shade(ellipse(side - m.eye_distance, v + 0.04, m.eye_width * 1.35, 0.2), 0.1);
  const opening = both(upper - v, v - lower, (abs(t) - 1) * m.eye_width);
  sheet.paint(opening, 0.94);
  const outwards = Math.sign(u), x = side - m.eye_distance - outwards * m.gaze_u;
  const y = v + 0.02 - m.gaze_v;
  sheet.paint(both(opening, ellipse(x, y, 0.105, 0.105)), m.iris);
  sheet.paint(both(opening, ellipse(x, y, 0.055, 0.055)), 0.04);
  sheet.paint(both(opening, ellipse(x + outwards * 0.035, y + 0.045, 0.034, 0.034)), 1);
  sheet.paint(stroke(t, v - upper, 1.1, 0.026), 0.1, 0.9);
  sheet.shade(stroke(t, v - lower, 0.9, 0.015), 0.35);
  sheet.shade(stroke(t, v - lower - 0.07 + 0.05 * t * t, 0.7, 0.018), 0.4 * m.cheek);
}

function brow(sheet, side, v, m) {
  const t = (side - m.eye_distance - 0.01 + m.squeeze) / (m.eye_width * 1.25);
  const raised = m.brow_in * (1 - t) / 2 + m.brow_out * (1 + t) / 2 + m.brow_arch * (1 - t * t);
  sheet.paint(stroke(t, v + m.eye_height + m.brow_height + raised, 1,
                     m.brow * (1 - 0.4 * clip(t, 0, 1))), min(m.hair * 0.6, m.skin * 0.45));
}

function extras(sheet, u, side, v, m) {
  const rim = abs(ellipse(side - m.eye_distance, v + m.eye_height, 0.29, 0.24)) - 0.02;
  const bridge = stroke(u, v + m.eye_height + 0.05, m.eye_distance - 0.27, 0.02);
  sheet.paint(min(rim, bridge), 0.12, m.glasses);
  sheet.paint(both(ellipse(u, v - m.nose_length - 0.14, 0.27, 0.07), 0.015 - side), m.hair * 0.8,
              m.moustache);
  const x = u - m.hand_u, y = v - m.hand_v, fingers = cos(x * 19) * clip(-9 * y, 0, 1);
  sheet.paint(ellipse(x, min(y, 0.4 * y) - 0.09 * fingers + 0.09, 0.42, 0.4),
              m.hand + 0.06 * fingers, m.covered);
}
