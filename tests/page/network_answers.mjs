// Calls the modules of tinyfer/page/static/network, for test_network_js.py:
// node network_answers.mjs FOLDER answers the questions of its standard input.

import {readFileSync} from "node:fs";

const folder = process.argv[2];
const here = new URL("../../tinyfer/page/static/network/", import.meta.url);
globalThis.fetch = async name => new Response(readFileSync(`${folder}/${name}`));

const [networks, finders, pens] = await Promise.all(
  ["network", "finder", "pen"].map(name => import(new URL(`${name}.js`, here))));
const opened = {}, open = file => opened[file] ??= networks.load(file);
const answers = {
  about: async file => {
    const {classNames, seen} = await open(file);
    return [classNames, seen];
  },
  logits: async (file, face) => {
    const net = await open(file);
    return net.forward(net.given(face)).data;
  },
  gradient: async (file, face, k) => {
    const net = await open(file), values = net.values(net.given(face)), {data, shape} = values.at(-1);
    const dout = {data: data.map((_, n) => Number(n === k)), shape};
    return net.onFace(net.backward(dout, values));
  },
  find: async (file, ...given) => (await finders.load(file)).find(...given),
  cut: finders.cut,
  pen: pens.load,
  draw: async (file, expression, person, moved) =>
    pens.draw({...pens.measures(await pens.load(file), expression, person), ...moved}),
};

const found = [];
for (const [name, ...asked] of JSON.parse(readFileSync(0))) {
  const taken = asked.map(value => value?.bytes ? Uint8Array.from(value.bytes) : value);
  found.push(await Promise.resolve().then(() => answers[name](...taken)).catch(
    error => ({error: error.message})));
}
console.log(JSON.stringify(found, (_, value) => ArrayBuffer.isView(value) ? [...value] : value));
