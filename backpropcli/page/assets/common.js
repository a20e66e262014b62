// What both kinds of page share: numbers as text, formulas with numbers put in, the graph, a node's story.
"use strict";
const lesson = JSON.parse(document.getElementById("lesson").textContent);
const by = (id) => document.getElementById(id);
const graph = document.querySelector(".backprop-graph");
const nodes = new Map(lesson.nodes.map((node) => [node.name, node]));
const steps = lesson.steps;
const heads = new Map(lesson.nodes.map((node) => [node.name, node.html]));
for (const step of steps) if (step.phase === "value") heads.set(step.name, step.head);
// What the program takes: the data, then how far each step with a name is moved by hand, which is 0 (see `sides`).
const given = lesson.data.flatMap((datum) => datum.values.map(Number));
const moving = lesson.moving || [];
const first = [...given, ...moving.map(() => 0)];
let x = first.slice(), r = program(x);

// Numbers as the command line writes them, and as they can be typed: significant digits, no -0, no 1e+06.
function plainly(v, digits = lesson.digits) {
  if (v !== v) return "NaN";
  if (Math.abs(v) === Infinity) return v > 0 ? "Infinity" : "-Infinity";
  const short = (text) => (/\./.test(text) ? text.replace(/\.?0+$/, "") : text).replace(/^-0$/, "0");
  if (lesson.decimals !== null && Math.abs(v) < 1e15) return short(v.toFixed(lesson.decimals));
  const [mantissa, exponent] = v.toExponential(digits - 1).split("e");
  const e = Number(exponent);
  if (v === 0) return "0";
  if (e >= -4 && e < digits) return short(v.toPrecision(digits));
  if (Math.abs(v) >= 1 && Math.abs(v) < 1e9) return v.toFixed(0);
  return short(mantissa) + "e" + e;
}
// Numbers as they are shown: with the minus sign that formulas and the drawing have.
const show = (v, digits) => typographic(plainly(v, digits));
const typographic = (text) => text.replace(/-/g, "−").replace(/Infinity/g, "∞");
// What is copied can be typed again, here and anywhere else.
document.addEventListener("copy", (event) => {
  const text = String(getSelection());
  if (!/[−∞]/.test(text) || /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
  event.clipboardData.setData("text/plain", text.replace(/−/g, "-").replace(/∞/g, "Infinity"));
  event.preventDefault();
});
// Written only where it is new: much of a page stays as it is from step to step, and what is read aloud too.
function put(element, html) {
  if (element.written !== html) element.innerHTML = element.written = html;
}
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
// All digits of a place, as `backprop run --format json` writes them: for other people's scripts.
function exactly(place) {
  if (!place || place[0] < 0) return null;
  const one = (k) => (Number.isFinite(r[k]) ? r[k] : plainly(r[k]));
  const deep = (start, shape) => {
    if (!shape.length) return one(start);
    const part = size(shape.slice(1));
    return Array.from({length: shape[0]}, (_, k) => deep(start + k * part, shape.slice(1)));
  };
  return place.length > 1 ? JSON.stringify(deep(place[0], place[1])) : String(one(place[0]));
}
const finite = (place) => place[0] < 0 || Array.from({length: size(place[1])}, (_, k) => r[place[0] + k]).every(Number.isFinite);
const size = (shape) => (shape || []).reduce((a, b) => a * b, 1);
function rows(start, shape, digits) {
  const last = shape[shape.length - 1], result = [];
  for (let k = 0; k < size(shape); k += last) {
    result.push("[" + Array.from({length: last}, (_, j) => show(r[start + k + j], digits)).join(" ") + "]");
  }
  return result;
}
// Where an entry stands in its array, as the command line writes it: W[0, 1].
function index(k, shape) {
  const places = [];
  for (const count of [...shape].reverse()) {
    places.unshift(k % count);
    k = Math.floor(k / count);
  }
  return `[${places.join(", ")}]`;
}
// The numbers at a place [start, shape], on one line or in rows.
function at(place, digits) {
  if (!place || place[0] < 0) return place ? shapeText(place[1]) : "";
  return place.length > 1 ? rows(place[0], place[1], digits).join("\n") : show(r[place[0]], digits);
}
// What stands before a number's point, and from there on.
const ends = (text) => text.match(/^([^.e]*)(.*)$/).slice(1);
// What each text lacks of the others: as many of every sign as one of them has, a minus being wider than a digit. It is
// written by the style sheet, unseen, so that the text stays the number.
function gaps(texts) {
  const counts = texts.map((text) => {
    const count = {};
    for (const sign of text.replace(/\d/g, "0")) count[sign] = (count[sign] || 0) + 1;
    return count;
  });
  const most = {};
  for (const count of counts) for (const sign of Object.keys(count)) most[sign] = Math.max(most[sign] || 0, count[sign]);
  return counts.map((count) => Object.keys(most).map((sign) => sign.repeat(most[sign] - (count[sign] || 0))).join(""));
}
// An array in rows, its columns aligned on the point, its brackets below one another.
function grid([start, shape]) {
  const last = shape[shape.length - 1];
  const texts = Array.from({length: size(shape)}, (_, k) => show(r[start + k]));
  const before = [], after = [];
  for (let j = 0; j < last; j++) {
    const column = texts.filter((_, k) => k % last === j).map(ends);
    before.push(gaps(column.map(([whole]) => whole)));
    after.push(gaps(column.map(([, rest]) => rest)));
  }
  let lines = "";
  for (let k = 0; k < texts.length; k += last) {
    const i = k / last, apart = k && shape.length > 2 && i % shape[shape.length - 2] === 0;
    const row = texts.slice(k, k + last).map((text, j) =>
      `<span class="n" data-before="${before[j][i]}" data-after="${after[j][i]}">${text}</span>`).join(" ");
    lines += (k ? "\n" : "") + (apart ? "\n" : "") + `<span class="line">[${row}]</span>`;
  }
  return lines;
}
function nest(start, shape, digits) {
  if (!shape.length) return show(r[start], digits);
  const part = size(shape.slice(1));
  return "[" + Array.from({length: shape[0]}, (_, k) => nest(start + k * part, shape.slice(1), digits)).join(" ") + "]";
}
// A formula with its places filled in: a negative number gets parentheses where it needs them.
function fill(html, digits) {
  return html.replace(/\ue000(\(?)(\d+)(?::([\d,]*))?\ue001(<sup>)?/g, (_, wrapped, start, shape, power) => {
    const text = shape === undefined ? show(r[start], digits)
      : nest(Number(start), shape.split(",").map(Number), digits);
    const apart = (wrapped && text.startsWith("−")) || (power && text.includes("e"));
    return (apart ? "(" + text + ")" : text) + (power || "");
  });
}
const plain = (html) => {
  const box = document.createElement("div");
  box.innerHTML = html;
  return box.textContent;
};
// A factor's number; NaN where it has none, or is an array.
const only = (factor) => (factor && factor.at && factor.at.length === 1 ? r[factor.at[0]] : NaN);

// What a formula in HTML comes to, its places filled in with all their digits; NaN where it is more than `read` can do.
function value(html, digits = 17) {
  const text = fill(html, digits).replace(/<sup>/g, "^<sup>");
  const found = read(plain(text).replace(/([\d)])\s*\(/g, "$1*("));
  return found.value === undefined ? NaN : found.value;
}
// A formula that is read aloud with its powers.
const spoken = (html) => plain(html.replace(/<sup>(.*?)<\/sup>/g, " to the power of $1"));
const math = (html, tag = "span", more = "") =>
  `<${tag} class="math${more}"${html.includes("<sup>") ? ` role="math" aria-label="${escape(spoken(html))}"` : ""}>${html}</${tag}>`;
const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
const shapeText = (shape) => "(" + shape.join(",") + (shape.length === 1 ? ",)" : ")");
// A sum of products: what begins with a minus sign is taken away.
const added = (terms) => terms.reduce((sum, term) => sum + (term.startsWith("−") ? " − " + term.slice(1) : " + " + term));
// A formula with numbers in it that come to its result: 1 - 0.999999987 needs more digits than others. Empty where no
// number of digits is enough, as when sigmoid is 1 to all of them.
function worked(parts, place) {
  for (const digits of [lesson.digits, 9, 12, 17]) {
    const put = added(parts.map((html) => fill(html, digits)));
    const found = place.length > 1 ? NaN : value(parts.join(" + "), digits), truth = r[place[0]];
    if (found !== found || !Number.isFinite(truth) || Math.abs(found - truth) <= 1e-3 * Math.abs(truth)
      || show(found) === show(truth)) return put;
  }
  return "";
}
// formula = numbers = result, each only where it says something new.
function equation(step, known = true) {
  const parts = [step.head];
  const texts = step.terms ? step.terms.map((t) => t.text) : [step.text];
  const inside = step.terms ? step.terms.map((t) => t.numbers) : [step.numbers];
  const lines = at(step.at), tall = lines.includes("\n"), result = lines.replace(/\n/g, " ");
  if (texts.length) parts.push(texts.join(" + "));
  if (!known) return parts.join(" = ");
  if (inside.length && inside.every(Boolean)) {
    const put = worked(inside, step.at);
    if (put && put !== result && put !== texts.join(" + ")) parts.push(put);
  }
  const color = step.phase === "value" ? "v" : "g";
  if (parts[parts.length - 1] !== result) parts.push(tall ? `<b class="${color} tall">${grid(step.at)}</b>` : `<b class="${color}">${result}</b>`);
  return parts.join(" = ");
}
// "raise w1 a little, and J rises 6 times as much"
function slope(name, g) {
  const a = heads.get(name);
  if (g !== g || Math.abs(g) === Infinity) return "";
  const corner = sides(name);
  if (corner) {
    return `${lesson.loss} has a corner at ${a} = ${show(corner.at)}: its slope is ${show(corner.left)} on the left and `
      + `${show(corner.right)} on the right, so there is no one derivative. Backprop takes ${show(g)}.`;
  }
  if (g === 0) return `Move ${a} a little, and ${lesson.loss} stays where it is.`;
  const much = Math.abs(g) === 1 ? "as much" : show(Math.abs(g)) + " times as much";
  return `Raise ${a} a little, and ${lesson.loss} ${g > 0 ? "rises" : "falls"} ${much}.`;
}
// The slopes of the loss on both sides of where a number is, if they differ however small the step: as backprop nudge.
function sides(name) {
  const of = nodes.get(lesson.of).value, inner = moving.indexOf(name);
  const datum = lesson.data.findIndex((d) => d.name === name);
  const k = inner >= 0 ? given.length + inner : lesson.data.slice(0, Math.max(datum, 0)).reduce((n, d) => n + d.values.length, 0);
  const own = steps.find((s) => s.phase === "value" && s.name === name) || {at: (nodes.get(name) || {}).value};
  if (!of || of.length > 1 || (inner < 0 && datum < 0) || name === lesson.of || !own.at) return null;
  const here = r[of[0]], at = r[own.at[0]];
  const slope = (by) => {
    const draw = x.slice();
    draw[k] = inner >= 0 ? -by : at + by;
    return (program(draw)[of[0]] - here) / by;
  };
  const step = 6e-5 * (Math.abs(at) >= 1e-3 || at === 0 ? 1 : Math.abs(at));
  const left = slope(-step), right = slope(step), size = Math.max(Math.abs(left), Math.abs(right));
  const jump = right - left, closer = slope(step / 16) - slope(-step / 16);
  const sure = Math.abs(jump) > 0.05 * size && Math.abs(closer - jump) < 0.1 * Math.abs(jump) && size > 1e-7 * Math.max(1, Math.abs(here));
  return sure ? {at, left: tidy(left), right: tidy(right)} : null;
}
const tidy = (slope) => Number(slope.toPrecision(4));
function remarks(step) {
  return [...new Set((step.terms || []).map((t) => t.remark).filter(Boolean))];
}
