// Other numbers, chosen as `backprop quiz --seed` does: the same seed gives the same ones.
const {random: choice} = lesson;
const parts = lesson.data.map((d) => ({...d, values: d.values.map(Number)}));
function nice(seed) {
  const dying = choice.mortal && seed % choice.dying === choice.dying - 1;
  return (choice.nicest ? picked(seed, dying) : best(seed, dying)) || first;
}
// Of few numbers all small ones were tried, and a seed picks among the nicest: with a dead unit, or without.
function picked(seed, dying) {
  const {draws, stride, apart} = choice.nicest[Number(dying)];
  const place = dying && apart ? Math.floor(seed / choice.dying) : seed;
  return draws.length ? draws[place * stride % draws.length] : null;
}
// Of many numbers the nicest of some draws.
function best(seed, dying) {
  const next = generator(seed);
  const free = parts.flatMap((d) => d.values.map(() => d.rule === "any"));
  const telling = free.flatMap((isFree, j) => (isFree ? [j] : [])).slice(0, choice.told);
  let nicest = null, least = Infinity;
  for (let k = 0; k < choice.draws; k++) {
    const most = k % choice.every ? choice.small : choice.larger;
    const draw = parts.flatMap((d) => d.values.map((v) => number(next, d, v, most)));
    tellSeed(draw, telling, seed);
    const price = draw.every((v, j) => v === first[j]) ? Infinity : cost(draw, dying);
    if (price < least) [nicest, least] = [draw, price];
  }
  return nicest;
}
function generator(seed) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
function number(next, {rule, classes}, v, most) {
  if (rule === "kept") return v;
  if (rule === "binary") return next() < 0.5 ? 1 : 0;
  if (rule === "label") return Math.floor(next() * classes);
  const size = (1 + Math.floor(next() * most)) / choice.unit;
  return next() < choice.negative && rule === "any" ? -size : size;
}
// Some numbers of a draw tell, with the others, its seed: no draw belongs to two seeds among hundreds.
function tellSeed(draw, telling, seed) {
  const {signs, spread, unit} = choice, possible = signs.length ** telling.length;
  const rest = draw.reduce((sum, v, j) => (telling.includes(j) ? sum : sum + (2 * j + 1) * Math.floor(v * unit + 0.5)), 0);
  let code = (((seed * spread + rest) % possible) + possible) % possible;
  for (const j of telling) {
    draw[j] = signs[code % signs.length] / unit;
    code = Math.floor(code / signs.length);
  }
}
// What a draw costs; of a dying unit some of the gradients should be 0, and not most of them.
function cost(draw, dying) {
  const results = drawn(draw), zeros = {value: 0, gradient: 0}, {costs} = choice;
  let total = 0, count = 0, place = 0;
  for (const {at: [, shape = []], phase} of steps) {  // those that are not asked for too
    for (const end = place + shape.reduce((a, b) => a * b, 1); place < end; place++) {
      if (!Number.isFinite(results[place])) return Infinity;
      const v = Math.abs(results[place]), figures = plainly(v, costs.digits).replace(".", "").length;
      if (phase === "gradient") count += 1;
      if (v < costs.negligible) {
        zeros[phase] += 1;
        if (phase === "value" && v > 0) total += costs.residue;
      } else total += Math.min(Math.max(figures - costs.free, 0) ** 2, costs.most);
    }
  }
  if (results.slice(place).some((equal) => equal > 0)) total += costs.twin;  // a choice between equal numbers
  let start = 0;
  for (const {rule, values} of parts) {
    const some = draw.slice(start, start += values.length);
    if (some.length > 1 && rule !== "kept" && some.every((v) => v === some[0])) total += costs.alike;
  }
  if (dying) return total + (zeros.gradient > 0 && zeros.gradient <= costs.dead * count ? 0 : costs.alive);
  return total + costs.zeros.value * zeros.value + costs.zeros.gradient * zeros.gradient;
}
