// Marking, and what is said to a wrong answer: the rules and the words of `backprop quiz`.

// How a number may be written with so many digits: rounded, a 5 at the end upwards or downwards, or cut.
const rounded = (v, digits) => Number(v.toExponential(digits - 1));
function cutOff(v, digits) {
  const [mantissa, power] = v.toExponential(11).split("e");
  return Number((v < 0 ? "-" : "") + mantissa.replace("-", "").slice(0, digits + 1) + "e" + power);
}
const forms = (v, digits) => [rounded(v * (1 + 1e-12), digits), rounded(v * (1 - 1e-12), digits), cutOff(v, digits)];
const close = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
function written(answer, v, digits) {
  if (v === 0) return answer === 0;
  if (Math.abs(answer - v) > 10 ** (1 - digits) * Math.abs(v)) return false;
  return Array.from({length: 12 - digits}, (_, k) => digits + k).some((n) => forms(v, n).some((form) => close(answer, form)));
}
const brief = (v, digits = 3) => Number(v.toPrecision(digits)) === Number(v.toPrecision(12));
// Near enough: to the digits asked for; exact where it is short and nothing was rounded on the way.
function same(answer, truth, dust = 0, digits = 3, exact = true) {
  if (!Number.isFinite(truth) || !Number.isFinite(answer)) return false;
  const size = Math.abs(truth), off = Math.abs(answer - truth);
  if (off <= Math.max(1e-9 * size, dust)) return true;
  if (exact && brief(truth, digits)) return false;
  return off <= 10 ** -digits * size || written(answer, truth, digits);
}
// Whether an answer is this number to the digits that it was given with: only then is a reason given.
function fits(answer, v, digits) {
  if (!Number.isFinite(v)) return false;
  return Math.abs(answer - v) <= 1e-9 * Math.abs(v) || written(answer, v, digits);
}
const digitsAsked = () => (numbers === beginning ? lesson.asked : 3);
const inLetters = (digits) => ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"][digits];
const numbersAt = ([start, shape]) => r.slice(start, start + size(shape || []));
// Whether entry k of a blank is this number.
function answered(step, answer, v) {
  const digits = digitsAsked();
  const exact = (step.needs || []).every((place) => numbersAt(place).every((n) => !Number.isFinite(n) || brief(n, digits)));
  return same(answer, v, step.dust === undefined ? 0 : r[step.dust], digits, exact);
}
// What follows from one's own earlier answers is right: the steps whose answers those are, or null.
let begins = x.length;
for (const step of steps) {
  step.begins = begins;
  begins += size(step.at[1] || []);
}
function carried(blank, k, answer) {
  const {step} = blank;
  if (typeof following === "undefined" || !step.follows || steps.some((s) => s.at[0] < 0)) return null;
  const own = (u) => places.get(steps[u].phase + " " + steps[u].name);
  const used = step.uses.filter((u) => own(u) && own(u).wrote.some((v, j) => v !== undefined && v !== r[steps[u].at[0] + j]));
  const base = [...x, ...steps.flatMap((s) => numbersAt(s.at))];
  for (const chosen of choicesOf(used)) {
    const all = base.slice();
    for (const u of chosen) own(u).wrote.forEach((v, j) => { if (v !== undefined) all[steps[u].begins + j] = v; });
    const found = following(all);
    if (step.follows.some((start) => answered(step, answer, found[start + k]))) return chosen.map((u) => steps[u]);
  }
  return null;
}
// Every choice of some of them; of many the smallest and the largest.
function choicesOf(used) {
  if (used.length > 6) return [...used.map((u) => [u]), ...used.map((u) => used.filter((v) => v !== u)), used];
  const all = Array.from({length: 2 ** used.length - 1}, (_, bits) => used.filter((_, j) => (bits + 1) >> j & 1));
  return all.sort((a, b) => a.length - b.length);
}
// What went wrong, where it can be told.
function diagnosis(blank, k, given, truth) {
  const {step} = blank, plainNumber = step.at.length === 1;
  const near = (other) => Number.isFinite(other) && other !== truth && fits(given, other, digitsAsked());
  if (step.phase === "value") return nearly(given, truth) || valueMistake(step, near) || ofSize(near, given, truth);
  return gradientMistake(step, near, given, truth, plainNumber, k);
}
function valueMistake(step, near) {
  const all = step.wrong || [], found = all.filter((wrong) => near(value(wrong.numbers)));
  const parts = found.filter(({kind, within}) => kind === "part" && !within.some((k) => found.includes(all[k])));
  const meant = parts.length ? parts : found.filter(({kind}) => kind !== "part");
  return meant.length === 1 ? meant[0].said : "";
}
// The sign, a factor of two, or digits.
function ofSize(near, given, truth, forgettable = []) {
  const all = (word) => forgettable.length > 0 && forgettable.every((words) => words && words.includes(word));
  if (truth !== 0 && near(-truth)) return "the size is right, the sign is not.";
  if (truth !== 0 && near(2 * truth)) return "that is twice too large." + (all("half") ? " Is a half forgotten?" : "");
  if (truth !== 0 && near(truth / 2)) {
    return "that is half of what it should be." + (all("two") ? " The 2 of the power is forgotten." : "");
  }
  return nearly(given, truth);
}
function nearly(given, truth) {
  const digits = digitsAsked(), many = inLetters(digits);
  if (same(given, truth, 0, digits) || tooFew(given, truth, digits)) {
    return `nearly, but rounded too far. ${many[0].toUpperCase() + many.slice(1)} digits are asked for, and are enough.`;
  }
  if (!(Math.abs(given - truth) <= 10 ** (1 - digits) * Math.abs(truth))) return "";
  return brief(truth, digits) ? "nearly. The answer is a short number, and nothing has to be rounded."
    : `nearly. Keep more digits on the way, and give ${many}.`;
}
function tooFew(given, truth, digits) {
  if (truth === 0 || brief(truth, digits)) return false;
  return Array.from({length: digits - 2}, (_, k) => k + 2).some((n) => forms(truth, n).some((form) => close(given, form)));
}
function stageText(through) {
  const stage = steps.find((s) => s.phase === "value" && s.name === through);
  return `${stage.head} = ${stage.text}`;
}
function gradientMistake(step, near, given, truth, plainNumber, k) {
  const {terms} = step, a = heads.get(step.name), name = gradientOf(step.name), number = show(given);
  if (!terms.length) return nearly(given, truth) || `${lesson.loss} changes by exactly as much as ${lesson.loss} does.`;
  const several = `there are ${terms.length} paths, and what comes through each is added.`;
  const then = terms.length > 1 ? ` And ${several}` : "";
  const product = (term) => only(term.upstream) * only(term.local);
  const forgettable = terms.map((term) => term.forgettable);
  const node = nodes.get(step.name), own = node && node.value ? r[node.value[0] + k] : NaN;
  if (plainNumber) {
    const localOf = (term) => {
      const local = `∂${heads.get(term.through)}/∂${a}`;
      if (heads.get(term.through) !== lesson.loss) return local;
      return `the derivative of ${stageText(term.through).split(" = ").slice(1).join(" = ")} with respect to ${a}`;
    };
    const itself = (term) => (localOf(term).startsWith("the ") ? "" : "the local derivative ") + localOf(term);
    // Paths come first: where a factor is 1, no advice to multiply by 1 would help.
    if (terms.length > 1 && terms.every((term) => !Number.isNaN(product(term)))) {
      const through = (found) => (found.length === 1 ? heads.get(found[0].through) : "one path");
      const alone = terms.filter((term) => near(product(term)));
      if (alone.length) return `${number} is what comes through ${through(alone)} alone: ${several}`;
      const without = terms.filter((term) => near(truth - product(term)));
      if (without.length) return `what comes through ${through(without)} is missing: ${several}`;
    }
    for (const term of terms) {
      if (near(only(term.upstream))) {
        return `${number} is the upstream gradient ${term.upstream.text}. `
          + (term.local ? `Multiply it by ${localOf(term)}.` : `Take it through ${stageText(term.through)}.`) + then;
      }
    }
    for (const term of terms) {
      if (near(only(term.local))) {
        return `${number} is ${itself(term)} alone. Multiply it by the upstream gradient ${term.upstream.text}.${then}`;
      }
    }
    if (truth !== 0 && near(-truth)) return ofSize(near, given, truth);
    // From here on a reason is named, so that it must be the only one that gives this number.
    const reasons = [], [term] = terms, upstream = only(term.upstream);
    if (terms.length === 1 && near(upstream + only(term.local))) {
      reasons.push(["added", `that is ${term.upstream.text} + ${localOf(term)}. The two are multiplied.`]);
    }
    if (terms.length === 1 && near(upstream * own)) {
      reasons.push(["own", `that is ${term.upstream.text} times ${a} itself. With ${stageText(term.through)}, what is ${localOf(term)}?`]);
    }
    if (near(own)) reasons.push(["value", `${number} is the value of ${a}, not ${name}.`]);
    const sized = truth !== 0 && (near(2 * truth) ? "twice" : near(truth / 2) ? "half" : "");
    if (sized) reasons.push([sized, ofSize(near, given, truth, forgettable)]);
    if (reasons.length > 1) {  // half of 2a is a, its own value, by itself
      const alike = sized === "half" && reasons.every(([kind]) => ["half", "own", "value"].includes(kind));
      return sized ? ofSize(near, given, truth, alike ? forgettable : []) : "";
    }
    if (reasons.length) return reasons[0][1];
  } else if (near(own)) {
    return truth !== 0 && [-truth, 2 * truth, truth / 2].some(near) ? "" : `${number} is the value of ${a}, not its gradient.`;
  }
  return ofSize(near, given, truth, forgettable);
}
