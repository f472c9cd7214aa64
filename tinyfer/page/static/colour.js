// Arrays as pictures. Faces are grey; what has a sign is blue above 0 and orange below, which
// colour-blind people can tell apart, too, and 0 is the colour of the paper.

import {SIZE, on} from "./state.js";

let scale;      // 255 colours for -127..127

function mix(a, b, share) {
  return a.map((value, n) => Math.round(value + share * (b[n] - value)));
}

function readScale() {
  const style = getComputedStyle(document.body);
  const colour = name => style.getPropertyValue(name).trim().split(" ").map(Number);
  const [zero, plus, minus] = ["--zero", "--plus-rgb", "--minus-rgb"].map(colour);
  scale = Array.from({length: 255}, (_, n) => {
    const share = Math.abs(n - 127) / 127;
    return [...mix(zero, n < 127 ? minus : plus, share ** 0.7), 255];
  });
}
readScale();
on("scheme", readScale);

// The colour of a value from -1 to 1: [r, g, b, 255].
export function colour(value) {
  return scale[127 + Math.round(127 * Math.max(-1, Math.min(1, value)))];
}

// The same behind words, pale enough to read them.
export const css = value => `rgb(${colour(0.3 * value).slice(0, 3).join(" ")})`;

export function drawFace(canvas, face) {
  const image = new ImageData(SIZE, SIZE);
  face.forEach((grey, n) => image.data.set([grey, grey, grey, 255], 4 * n));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// values: (height, width) of any size and sign, laid over a face where there is one.
export function drawSigned(canvas, values, width, face = null) {
  const height = values.length / width;
  canvas.width = width;
  canvas.height = height;
  const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const image = new ImageData(width, height);
  for (let n = 0; n < values.length; n++) {
    let rgb = colour(values[n] / most);
    if (face) {
      const grey = 90 + 0.3 * face[n], share = Math.min(1, (Math.abs(values[n]) / most) ** 0.6);
      rgb = mix([grey, grey, grey, 255], scale[values[n] < 0 ? 0 : 254], share);
    }
    image.data.set(rgb, 4 * n);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// Feature maps side by side: bytes (channels, height, width), one pixel free between two.
export function drawMaps(canvas, bytes, height, width, channels) {
  canvas.width = channels * (width + 1) - 1;
  canvas.height = height;
  const image = new ImageData(canvas.width, height);
  let n = 0;
  for (let k = 0; k < channels; k++) {
    for (let i = 0; i < height; i++) {
      let place = 4 * (i * canvas.width + k * (width + 1));
      for (let j = 0; j < width; j++, n++, place += 4) {
        image.data.set(scale[127 + bytes[n]], place);
      }
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// Values of 48 x 48 pixels laid over a face, enlarged, with the outline of a mask.
export function drawOutlined(canvas, values, face, mask) {
  const small = document.createElement("canvas"), zoom = 5, pen = canvas.getContext("2d");
  drawSigned(small, values, SIZE, face);
  canvas.width = canvas.height = zoom * SIZE;
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, 0, 0, canvas.width, canvas.height);
  pen.strokeStyle = getComputedStyle(document.body).getPropertyValue("--ink");
  pen.lineWidth = 2;
  pen.beginPath();
  const inside = (i, j) => i >= 0 && j >= 0 && i < SIZE && j < SIZE && mask[i * SIZE + j];
  for (let i = 0; i <= SIZE; i++) {
    for (let j = 0; j <= SIZE; j++) {
      if (inside(i, j) != inside(i - 1, j)) {
        pen.moveTo(j * zoom, i * zoom);
        pen.lineTo((j + 1) * zoom, i * zoom);
      }
      if (inside(i, j) != inside(i, j - 1)) {
        pen.moveTo(j * zoom, i * zoom);
        pen.lineTo(j * zoom, (i + 1) * zoom);
      }
    }
  }
  pen.stroke();
}
