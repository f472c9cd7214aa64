// Reads what scripts/course/site_weights.py writes: networks, their layers and weights, in a file.
// Mirrors read_model of tinyfer/core/networks.py.
//
// The length of the head, 4 bytes; the head, JSON: [{class_names, window, seen, layers: [{kind,
// name, ..., arrays: {name: [shape, type]}}]}]; the numbers of all arrays in a row.

export async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} cannot be read: ${answer.status} ${answer.statusText}`);
  return answer;
}

export async function read(url) {
  const file = await (await fetched(url)).arrayBuffer();
  const length = new DataView(file).getUint32(0, true);
  const models = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 4, length)));
  let at = 4 + length;
  for (const layer of models.flatMap(model => model.layers)) {
    for (const [name, [shape, type]] of Object.entries(layer.arrays)) {
      const size = shape.reduce((product, n) => product * n, type === "float16" ? 2 : 4);
      if (at + size > file.byteLength) throw new Error(`${url} is cut off: weights are missing`);
      const bytes = file.slice(at, at += size);
      layer[name] = type === "float16" ? widened(new Uint16Array(bytes)) : new Float32Array(bytes);
    }
  }
  return models;
}

// float16 -> float32: the same bits, and an exponent that counts from -127 where it was -15.
function widened(halves) {
  const floats = new Float32Array(halves.length), bits = new Uint32Array(floats.buffer);
  halves.forEach((half, n) => { bits[n] = (half & 0x8000) << 16 | (half & 0x7fff) << 13; });
  return floats.map(x => x * 2 ** 112);
}
