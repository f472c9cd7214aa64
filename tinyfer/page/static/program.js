// Answers from the program in the terminal. A message, either way, is the length of a JSON, the
// JSON, and bytes: see message.py.

const encoder = new TextEncoder(), decoder = new TextDecoder();

class Answer {
  #buffer;
  #start;

  constructor(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    this.#buffer = buffer;
    this.#start = 4 + length;
    Object.assign(this, JSON.parse(decoder.decode(new Uint8Array(buffer, 4, length))));
  }

  // The next `length` numbers of the bytes: answer.next(Float32Array, 2304).
  next(Numbers, length) {
    const start = this.#start;
    this.#start += length * Numbers.BYTES_PER_ELEMENT;
    return new Numbers(this.#buffer.slice(start, this.#start));
  }
}

export async function answer(name, fields, bytes) {
  const json = encoder.encode(JSON.stringify(fields));
  const message = new Uint8Array(4 + json.length + bytes.length);
  new DataView(message.buffer).setUint32(0, json.length, true);
  message.set(json, 4);
  message.set(bytes, 4 + json.length);
  const reply = await fetch(name, {method: "POST", body: message}).catch(() => {
    throw new Error(
      "The program in the terminal does not answer: start it again with tinyfer play");
  });
  if (!reply.ok) throw new Error((await reply.json()).error);
  return new Answer(await reply.arrayBuffer());
}
