// Reading what somebody types: a number or a small expression, and nothing else.
const CALLS = {
  exp: Math.exp, log: Math.log, ln: Math.log, log2: Math.log2, log10: Math.log10, sqrt: Math.sqrt, abs: Math.abs, sin: Math.sin,
  cos: Math.cos, tan: Math.tan, sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)), relu: (z) => (z > 0 ? z : 0 * z),
};
const CONSTANTS = {pi: Math.PI, "π": Math.PI, e: Math.E};
const TOKEN = /\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[A-Za-z_π][A-Za-z_0-9]*|\*\*|[-+*/^()]|\S/g;
function read(text) {
  const clean = text.trim().replace(/[−–]/g, "-").replace(/[·×]/g, "*").replace(/÷/g, "/").replace(/½/g, "(1/2)")
    .replace(/²/g, "^2").replace(/³/g, "^3");
  if (!clean) return {empty: true};
  if (clean.length > 200) return {problem: "That is too long for a number."};
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
    if (!Object.hasOwn(CALLS, token) || tokens[k++] !== "(") fail();
    return CALLS[token](inside());
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
