// Marking, and what is said to a wrong answer: the rules and the words of `backprop quiz`.

// Near enough: 1 part in 1000, or three and more digits of it; exact where it is short.
const brief = (truth) => Number(truth.toPrecision(4)) === Number(truth.toPrecision(12));
function same(answer, truth) {
  if (!Number.isFinite(truth) || !Number.isFinite(answer)) return false;
  const size = Math.abs(truth), off = Math.abs(answer - truth);
  if (off <= 1e-9 * Math.max(size, 1e-9)) return true;
  if (brief(truth)) return false;
  if (off <= 1e-3 * size) return true;
  return Array.from({length: 9}, (_, k) => Number(truth.toPrecision(k + 3))).includes(answer);
}
// Takes out of the results what rounding has left of 0, as in 0.1 + 0.2 - 0.3: what is far smaller than what it was
// worked out from. What is worked out from that is compared with how large that was.
function settle(results) {
  const sizes = new Map();
  const largest = ([start, shape]) => sizes.get(start) || Array.from({length: size(shape)}, (_, k) => Math.abs(results[start + k]))
    .filter(Number.isFinite).reduce((a, b) => Math.max(a, b), 0);
  for (const {at, around} of steps) {
    const least = Math.min(...around.map(largest).filter((v) => v)), count = size(at[1]);
    if (!Number.isFinite(least)) continue;
    let left = 0;
    for (let k = 0; k < count; k++) {
      const v = results[at[0] + k];
      if (v !== 0 && Math.abs(v) < 1e-13 * least) left += 1, results[at[0] + k] = 0;
    }
    if (left && largest(at) === 0) sizes.set(at[0], least);
  }
  return results;
}
// What went wrong, where it can be told.
function diagnosis(blank, k, given, truth) {
  const {step} = blank, plainNumber = step.at.length === 1;
  const near = (other) => Number.isFinite(other) && other !== truth && same(given, other);
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
  if (!(Math.abs(given - truth) <= 0.05 * Math.abs(truth))) return "";
  if (brief(truth)) return "nearly. The answer is a short number, and nothing has to be rounded.";
  return roundedTooFar(given, truth) ? "nearly, but rounded too far. Three digits are asked for, and are enough."
    : "nearly. Keep more digits on the way, and give three.";
}
function roundedTooFar(given, truth) {
  const most = Math.floor(Math.log10(Math.abs(truth)));
  return [1, 2].some((digits) => {
    const unit = 10 ** (most - digits + 1), close = (part) => Math.abs(given - part * unit) <= 1e-9 * Math.abs(given);
    return close(Math.round(truth / unit)) || close(Math.trunc(truth / unit));
  });
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
