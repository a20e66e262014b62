// Grading, and what is said to a wrong answer: as `backprop quiz` does. The numbers and the words are data.
const grading = lesson.grading;

// How a number may be written with so many digits: rounded, a 5 at the end upwards or downwards, or cut.
const rounded = (v, digits) => Number(v.toExponential(digits - 1));
function cutOff(v, digits) {
  const [mantissa, power] = v.toExponential(grading.most - 1).split("e");
  return Number((v < 0 ? "-" : "") + mantissa.replace("-", "").slice(0, digits + 1) + "e" + power);
}
const forms = (v, digits) => [rounded(v * (1 + grading.tie), digits), rounded(v * (1 - grading.tie), digits), cutOff(v, digits)];
const close = (a, b) => Math.abs(a - b) <= grading.exact * Math.max(Math.abs(a), Math.abs(b));
// Whether an answer is a number with some count of digits, from one up to below another.
function inDigits(answer, v, from, below) {
  return Array.from({length: below - from}, (_, k) => from + k).some((n) => forms(v, n).some((form) => close(answer, form)));
}
function written(answer, v, digits) {
  if (v === 0) return answer === 0;
  if (Math.abs(answer - v) > 10 ** (1 - digits) * Math.abs(v)) return false;
  return inDigits(answer, v, digits, grading.most);
}
const brief = (v, digits) => Number(v.toPrecision(digits)) === Number(v.toPrecision(grading.most));
// Near enough: to the digits asked for; exact where it is short and nothing was rounded on the way.
function same(answer, truth, residue, digits, exact = true) {
  if (!Number.isFinite(truth) || !Number.isFinite(answer)) return false;
  const size = Math.abs(truth), off = Math.abs(answer - truth);
  if (off <= Math.max(grading.exact * size, residue)) return true;
  if (exact && brief(truth, digits)) return false;
  return off <= 10 ** -digits * size || written(answer, truth, digits);
}
// Whether an answer is this number to the digits that it was given with: only then is a reason given.
function fits(answer, v, digits) {
  if (!Number.isFinite(v)) return false;
  return Math.abs(answer - v) <= grading.exact * Math.abs(v) || written(answer, v, digits);
}
const digitsAsked = () => (numbers === beginning ? grading.asked : grading.least);
const numbersAt = ([start, shape]) => r.slice(start, start + size(shape || []));
// Whether an answer to a step is this number.
function answered(step, answer, v) {
  const digits = digitsAsked();
  const exact = (step.needs || []).every((place) => numbersAt(place).every((n) => !Number.isFinite(n) || brief(n, digits)));
  return same(answer, v, step.residue === undefined ? 0 : r[step.residue], digits, exact);
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
  if (used.length > grading.together) return [...used.map((u) => [u]), ...used.map((u) => used.filter((v) => v !== u)), used];
  const all = Array.from({length: 2 ** used.length - 1}, (_, bits) => used.filter((_, j) => (bits + 1) >> j & 1));
  return all.sort((a, b) => a.length - b.length);
}
// What is said to a wrong answer, where it can be told what went wrong.
function diagnosis(step, k, given, truth) {
  const digits = digitsAsked(), start = step.terms && !step.terms.length;
  const multiples = Object.entries(grading.multiples).map(([kind, times]) => ({kind, number: times * truth}));
  const all = [...(step.mistakes || []).map((mistake) => ({...mistake, number: r[mistake.at + k]})), ...multiples];
  const found = all.filter(({number}) => number !== truth && fits(given, number, digits));
  const near = found.length ? "" : nearly(given, truth, digits);
  if (near) return near;
  const one = start ? {kind: "start"} : meant(found);
  return attempted(step, given, truth, digits) || (one ? said(step, one, given) : "");
}
// Which of the mistakes that give an answer is spoken of.
function meant(found) {
  for (const certain of grading.certain) {
    const alike = found.filter(({kind}) => kind === certain);
    if (alike.length) return {...alike[0], doubtful: alike.length > 1};
  }
  if (found.length === 1) return found[0];
  const sized = found.find(({kind}) => kind in grading.multiples);
  const alike = ({kind}) => kind === sized.kind || (grading.alike[sized.kind] || []).includes(kind);
  return sized ? {...sized, doubtful: !found.every(alike)} : null;
}
// The words of a mistake, with the names of what is spoken of.
function said({name, head, terms = [], forgotten = {}}, {kind, path = 0, doubtful}, given) {
  const put = (text, names) => text.replace(/\{(\w+)\}/g, (_, key) => (names[key] === undefined ? "" : names[key]));
  const names = {given: show(given), label: heads.get(name), name: head, paths: terms.length}, term = terms[path];
  const add = (key, text = grading.names[key]) => { names[key] = put(text, names); };
  add("several");
  if (terms.length > 1) add("then");
  if (term) {
    const ofLoss = term.through === lesson.of, stage = steps.find((s) => s.phase === "value" && s.name === term.through);
    Object.assign(names, {through: heads.get(term.through), upstream: term.upstream.text, stage: stageText(term.through)});
    names.formula = stage.text;
    add("local", grading.names[ofLoss ? "of loss" : "local"]);
    if (ofLoss) names.itself = names.local;
    else add("itself");
    add("on", grading.names[term.local ? "on by local" : "on through"]);
  }
  if (doubtful) names.through = grading.names.one;
  else names.forgotten = forgotten[kind];
  return put(grading.words[kind], names);
}
// A part of the formula, the largest that fits; or else the one other thing that was worked out instead of it.
function attempted({attempts = []}, given, truth, digits) {
  const found = attempts.filter(({at}) => !same(r[at], truth, 0, digits) && fits(given, r[at], digits));
  const parts = found.filter(({kind, within}) => kind === "part" && !found.some(({place}) => within.includes(place)));
  const left = parts.length ? parts : found.filter(({kind}) => kind !== "part");
  return left.length === 1 ? left[0].said : "";
}
function nearly(given, truth, digits) {
  const said = grading.nearly[digits], few = truth !== 0 && !brief(truth, digits) && inDigits(given, truth, 2, digits);
  if (few || same(given, truth, 0, digits)) return said.rounded;
  if (!(Math.abs(given - truth) <= grading.near * 10 ** -digits * Math.abs(truth))) return "";
  return brief(truth, digits) ? said.whole : said.more;
}
function stageText(through) {
  const stage = steps.find((s) => s.phase === "value" && s.name === through);
  return `${stage.head} = ${stage.text}`;
}
