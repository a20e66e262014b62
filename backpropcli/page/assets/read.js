// Reading what somebody types: a number or a small expression, and nothing else.
const CONSTANTS = {pi: Math.PI, "π": Math.PI, e: Math.E};
const TOKEN = /\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[A-Za-z_π][A-Za-z_0-9]*|\*\*|[-+*/^()]|\S/g;
const {reading} = lesson;
const anyOf = (signs) => `[${Object.keys(signs).join("")}]`;
const SIGN = new RegExp(anyOf(reading.signs), "g"), RAISED = new RegExp(anyOf(reading.raised) + "+", "g");
const FRACTION = new RegExp(`(\\d*)(${anyOf(reading.fractions)})`, "g");
// A text in the signs that a formula has: 2² as 2^(2), ½ as (1/2).
function inSigns(text) {
  return text.replace(SIGN, (sign) => reading.signs[sign])
    .replace(RAISED, (found) => `^(${[...found].map((sign) => reading.raised[sign]).join("")})`)
    .replace(FRACTION, (_, whole, sign) => `(${whole && whole + "+"}${reading.fractions[sign]})`);
}
function read(text) {
  const clean = inSigns(text.trim());
  if (!clean) return {empty: true};
  if (clean.length > reading.most) return {problem: "That is too long for a number."};
  if (/^[-+]?\d+,\d+$/.test(clean)) {
    return {problem: "Decimals are written with a point: " + clean.replace(",", ".")};
  }
  const tokens = clean.match(TOKEN);
  let k = 0;
  const fail = (why) => { throw new Error(why || "A number or an expression such as 2*3 or 1/3 is needed."); };
  const inside = () => {
    const inner = sum();
    if (tokens[k++] !== ")") fail();
    return inner;
  };
  const atom = () => {
    const token = tokens[k++];
    if (token === "(") return inside();
    if (token === undefined) fail();
    if (/^[\d.]/.test(token)) return Number(token);
    if (Object.hasOwn(CONSTANTS, token)) return CONSTANTS[token];
    if (!Object.hasOwn(reading.calls, token) || tokens[k++] !== "(") fail();
    return functions([inside()])[reading.calls[token]];
  };
  const power = () => {
    const base = atom();
    if (tokens[k] !== "**" && tokens[k] !== "^") return base;
    k++;
    return Math.pow(base, signed());
  };
  const signed = () => {
    if (tokens[k] === "-") return k++, -signed();
    if (tokens[k] === "+") return k++, signed();
    return power();
  };
  const product = () => {
    let result = signed();
    while (tokens[k] === "*" || tokens[k] === "/") {
      const times = tokens[k++] === "*", next = signed();
      if (!times && next === 0) fail("That divides by 0.");
      result = times ? result * next : result / next;
    }
    return result;
  };
  const sum = () => {
    let result = product();
    while (tokens[k] === "+" || tokens[k] === "-") result = tokens[k++] === "+" ? result + product() : result - product();
    return result;
  };
  try {
    const value = sum();
    if (k < tokens.length) fail();
    if (!Number.isFinite(value)) return {problem: "That is not a finite number."};
    return {value, literal: /^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(clean)};
  } catch (error) {
    return {problem: error instanceof RangeError ? "That is nested too deeply." : error.message};
  }
}
