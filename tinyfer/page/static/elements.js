// Small helpers for the page's elements: making them, tabs, bars.

export const $ = id => document.getElementById(id);

// [row, column] of the pixel under a pointer, on a canvas of size x size pixels.
export function pixelAt({target, clientX, clientY}, size) {
  const box = target.getBoundingClientRect();
  return [(clientY - box.top) / box.height, (clientX - box.left) / box.width]
    .map(share => Math.max(0, Math.min(size - 1, Math.floor(size * share))));
}

// make("p", {className: "note"}, "words", otherElement)
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Fills a <select>; the value stays where it still exists.
export function fill(select, options, first = null) {
  const before = select.value;
  select.replaceChildren(...options.map(option => {
    const [value, words] = Array.isArray(option) ? option : [option, option];
    return make("option", {value}, words);
  }));
  const values = [...select.options].map(option => option.value);
  select.value = [before, first].find(value => value && values.includes(value)) ?? values[0];
}

// Buttons of role "tab" that show one panel each; arrow keys move between them.
export function tabs(list, chosen) {
  const buttons = [...list.querySelectorAll("[role=tab]")];
  const choose = button => {
    for (const each of buttons) {
      const on = each === button;
      each.setAttribute("aria-selected", on);
      each.tabIndex = on ? 0 : -1;
      $(each.dataset.panel).hidden = !on;
    }
    chosen(button.dataset.panel);
  };
  for (const [n, button] of buttons.entries()) {
    button.type = "button";
    button.setAttribute("aria-controls", button.dataset.panel);
    $(button.dataset.panel).setAttribute("aria-label", button.textContent);
    button.onclick = () => choose(button);
    button.onkeydown = event => {
      const move = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (!move) return;
      event.preventDefault();
      const next = buttons[(n + move + buttons.length) % buttons.length];
      next.focus();
      choose(next);
    };
  }
  return name => choose(buttons.find(button => button.dataset.panel === name) ?? buttons[0]);
}

// The rows of a table of bars: [{name, value, before, strong}], values from 0 to 1. `before` is
// drawn as a mark, and the change written out.
export function bars(table, rows) {
  while (table.rows.length > rows.length) table.deleteRow(-1);
  rows.forEach(({name, value, before, strong}, n) => {
    const row = table.rows[n] ?? table.insertRow();
    if (!row.cells.length) {
      row.append(make("th", {scope: "row"}),
                 make("td", {className: "track"}, make("i"), make("b", {hidden: true})),
                 make("td", {className: "value"}), make("td", {className: "change"}));
    }
    const [head, track, number, change] = row.cells;
    row.classList.toggle("strong", Boolean(strong));
    head.textContent = name;
    track.firstChild.style.width = `${100 * value}%`;
    track.lastChild.hidden = before === undefined;
    if (before !== undefined) track.lastChild.style.left = `${100 * before}%`;
    number.textContent = value.toFixed(2);
    change.textContent = before === undefined ? "" : difference(value - before);
  });
}

export const difference = value => (
  Number(value.toFixed(2)) === 0 ? "" : `${value > 0 ? "+" : ""}${fixed(value)}`);

// A number as one writes it: a true minus, and as many digits as tell something.
export function number(value, digits = 3) {
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(Math.abs(value)));
  const text = power < -3 || power > 5
    ? Math.abs(value).toExponential(digits - 1).replace(/e([+-])(\d+)/, (_, sign, exponent) =>
      ` · 10${sign === "-" ? "⁻" : ""}${[...exponent].map(digit => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`)
    : Math.abs(value).toFixed(Math.max(0, digits - 1 - power));
  return (value < 0 ? "−" : "") + text;
}

// The same with two decimals, for tables.
export function fixed(value) {
  const text = Math.abs(value).toFixed(2);
  return (value < 0 && Number(text) ? "−" : "") + text;
}
