// A plain chart of curves on a canvas, sharp on every screen.

export const ink = name => getComputedStyle(document.body).getPropertyValue(name);

// A pen for all of a canvas, in the units of the page; null where it is not seen.
export function paper(canvas, size = 1) {
  const {width, height} = canvas.getBoundingClientRect(), density = devicePixelRatio || 1;
  if (!width) return null;
  canvas.width = width * density;
  canvas.height = height * density;
  const pen = canvas.getContext("2d"), font = parseFloat(getComputedStyle(canvas).fontSize);
  pen.scale(density, density);
  pen.font = `${size * font}px system-ui, sans-serif`;
  pen.lineJoin = "round";
  return {pen, font, width, height};
}

// lines: [{x, y, colour, width, dash}]; points: [{x, y, colour}]; marks: [{x, words}], upright.
// x and y: what the axes are called; whole: whether x counts something. The axes reach as far as
// `axes`, {x, y}.
export function chart(canvas, {lines, axes = lines[0], points = [], marks = [], x, y,
                               whole = false}) {
  const sheet = paper(canvas, 0.8);
  if (!sheet) return;
  const {pen, font, width, height} = sheet;
  const left = 3.4 * font, bottom = 2.6 * font, top = 1.7 * font, right = 0.8 * font;
  const range = values => {
    const low = Math.min(...values), high = Math.max(...values), room = 0.06 * (high - low) || 0.5;
    return [low - room, high + room];
  };
  const [lowX, highX] = [Math.min(...axes.x), Math.max(...axes.x)];
  const [lowY, highY] = range([...axes.y, ...points.map(point => point.y)]);
  const atX = value => left + (width - left - right) * (value - lowX) / (highX - lowX || 1);
  const atY = value => height - bottom - (height - bottom - top) * (value - lowY) / (highY - lowY);

  pen.fillStyle = ink("--soft");
  pen.textBaseline = "middle";
  for (const value of ticks(lowY, highY, 5)) {
    trace(sheet, [[left, atY(value)], [width - right, atY(value)]], "--line", 1);
    pen.textAlign = "right";
    pen.fillText(short(value), left - 0.4 * font, atY(value));
  }
  pen.textAlign = "center";
  for (const value of ticks(lowX, highX, 6)) {
    if (!whole || Number.isInteger(value)) {
      pen.fillText(short(value), atX(value), height - bottom + 0.8 * font);
    }
  }
  pen.fillText(x, (left + width - right) / 2, height - 0.6 * font);
  pen.textAlign = "left";
  pen.fillText(y, left - 0.4 * font - pen.measureText(y).width, 0.7 * font);

  pen.save();
  pen.beginPath();
  pen.rect(left, top, width - left - right, height - bottom - top);
  pen.clip();
  for (const mark of marks) {
    trace(sheet, [[atX(mark.x), top], [atX(mark.x), height - bottom]], "--soft", 1, [3, 4]);
    pen.fillText(mark.words, atX(mark.x) + 4, height - bottom - 0.7 * font);
  }
  for (const {x, y, colour, width, dash} of lines) {
    trace(sheet, x.map((each, n) => [atX(each), atY(y[n])]), colour, width, dash);
  }
  pen.restore();
  for (const {x, y, colour} of points) dot(sheet, [atX(x), atY(y)], colour, 0.35 * font);
}

// A line through points [x, y] of the page; a dot at one.
export function trace({pen}, points, colour, width = 2, dash = []) {
  pen.strokeStyle = ink(colour);
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.beginPath();
  for (const point of points) pen.lineTo(...point);
  pen.stroke();
  pen.setLineDash([]);
}

export function dot({pen}, [x, y], colour, radius = 3) {
  pen.fillStyle = ink(colour);
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}

// A round number without the digits that a sum of steps leaves behind.
const short = value => String(Number(value.toPrecision(6))).replace("-", "−");

// Round numbers between low and high, about `count` of them.
function ticks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find(each => each * power >= rough) * power, found = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(value);
  return found;
}
