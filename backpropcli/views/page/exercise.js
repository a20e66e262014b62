// The exercise: blanks for every value, then for every gradient; marked, hinted at in three stages, with fresh numbers.
const blanks = [];
let hints = 0, numbers = 0;

function same(answer, truth) {
  const {value, literal} = answer;
  if (!Number.isFinite(truth)) return false;
  const size = Math.abs(truth), off = Math.abs(value - truth);
  if (off <= 1e-9 * Math.max(size, 1e-9)) return true;
  const short = Number(truth.toPrecision(4)) === Number(truth.toPrecision(12));
  return !short && off <= (literal ? 1e-3 : 2e-3) * size;
}

// The list.
for (const step of steps) {
  const item = document.createElement("li"), what = document.createElement("label");
  const mark = document.createElement("span"), hint = document.createElement("button");
  const feedback = document.createElement("p"), shape = step.at[1] || [], count = size(shape);
  const blank = {step, item, mark, hint, feedback, inputs: [], solved: [], tries: [], hints: 0, shown: false};
  item.className = "blank";
  what.className = "what";
  what.innerHTML = step.phase === "value" ? `${step.head} = ${step.text}&nbsp;=` : `${step.head}&nbsp;=`;
  mark.className = "mark";
  hint.type = "button";
  hint.addEventListener("click", () => help(blank));
  feedback.className = "feedback";
  feedback.setAttribute("aria-live", "polite");
  const label = plain(step.head);
  let place;
  if (!shape.length) {
    place = input(blank, 0, label);
    place.id = "blank-" + blanks.length;
    what.htmlFor = place.id;
  } else {
    place = document.createElement("div");
    place.className = "entries";
    const last = shape[shape.length - 1];
    for (let k = 0; k < count; k += last) {
      const row = document.createElement("div");
      row.className = "row";
      for (let j = 0; j < last; j++) row.append(input(blank, k + j, `${label} [${shape.length > 1 ? k / last + ", " : ""}${j}]`));
      place.append(row);
    }
  }
  item.append(what, place, mark, hint, feedback);
  by(step.phase === "value" ? "forward" : "backward").append(item);
  blanks.push(blank);
}
function input(blank, k, label) {
  const box = document.createElement("input");
  box.type = "text";
  box.inputMode = "text";
  box.autocomplete = "off";
  box.spellcheck = false;
  box.setAttribute("autocapitalize", "off");
  box.setAttribute("aria-label", label);
  box.dataset.blank = blank.step.phase + " " + blank.step.name;
  box.addEventListener("focus", () => light(blank.step));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (judge(blank, k, true)) onward(box);
  });
  box.addEventListener("change", () => judge(blank, k, true));
  box.addEventListener("input", () => { if (!blank.solved[k]) { box.classList.remove("bad"); mark(blank); } });
  blank.inputs.push(box);
  return box;
}
function onward(from) {
  const all = blanks.flatMap((b) => b.inputs.map((box, k) => [box, b.solved[k]]));
  const here = all.findIndex(([box]) => box === from);
  const open = [...all.slice(here + 1), ...all.slice(0, here)].find(([, solved]) => !solved);
  if (open) open[0].focus();
  else by("score").scrollIntoView({block: "center"});
}

// Marking.
function judge(blank, k, aloud) {
  const box = blank.inputs[k], got = read(box.value);
  if (blank.solved[k]) return true;
  if (got.empty) return false;
  if (box.value === box.judged) return false;
  box.judged = box.value;
  blank.feedback.classList.remove("fine");
  if (got.problem) {
    blank.feedback.textContent = got.problem;
    box.classList.add("bad");
    return false;
  }
  blank.tries[k] = (blank.tries[k] || 0) + 1;
  const truth = r[blank.step.at[0] + k];
  blank.solved[k] = same(got, truth);
  box.classList.toggle("bad", !blank.solved[k]);
  box.classList.toggle("ok", blank.solved[k]);
  box.setAttribute("aria-invalid", String(!blank.solved[k]));
  if (blank.solved[k]) {
    box.readOnly = true;
    const exact = got.literal ? "" : " = " + show(truth);
    blank.feedback.classList.add("fine");
    blank.feedback.textContent = blank.solved.filter(Boolean).length === blank.inputs.length && aloud ? "Right" + exact + "." : "";
  } else blank.feedback.innerHTML = "Not yet. " + diagnosis(blank, k, got.value, truth);
  mark(blank);
  return blank.solved[k];
}
// What went wrong, where it can be told.
function diagnosis(blank, k, value, truth) {
  const near = (other) => Number.isFinite(other) && Math.abs(value - other) <= 1e-6 * Math.max(1, Math.abs(other));
  const {step} = blank, terms = step.terms || [];
  if (terms.length > 1 && step.at.length === 1) {
    for (const term of terms) {
      if (term.upstream.at && term.local && term.local.at && near(r[term.upstream.at[0]] * r[term.local.at[0]])) {
        return `That is what comes through ${heads.get(term.through)} alone: there are ${terms.length} paths, and they are added.`;
      }
    }
  }
  if (terms.length === 1 && step.at.length === 1) {
    const [term] = terms;
    if (term.upstream.at && near(r[term.upstream.at[0]])) {
      return `That is the upstream gradient ${term.upstream.text}: multiply it by the local derivative ∂${heads.get(term.through)}/∂${heads.get(step.name)}.`;
    }
    if (term.local && term.local.at && near(r[term.local.at[0]])) {
      return `That is the local derivative: multiply it by the upstream gradient ${term.upstream.text}.`;
    }
  }
  if (truth !== 0 && near(-truth)) return "The size is right, the sign is not.";
  if (truth !== 0 && near(2 * truth)) return "That is twice as much.";
  if (truth !== 0 && near(truth / 2)) return "That is half as much.";
  return step.phase === "value" ? "Put the numbers into the formula once more." : "Upstream gradient times local derivative.";
}
function mark(blank) {
  const done = blank.solved.filter(Boolean).length === blank.inputs.length;
  const bad = blank.inputs.some((box) => box.classList.contains("bad"));
  blank.item.classList.toggle("right", done && !blank.shown);
  blank.item.classList.toggle("shown", done && blank.shown);
  blank.item.classList.toggle("wrong", bad && !done);
  blank.mark.textContent = done ? (blank.shown ? "–" : "✓") : bad ? "✗" : "";
  blank.hint.hidden = done;
  blank.hint.textContent = blank.hints < 3 ? `Hint ${blank.hints + 1}/3` : "Show it";
  blank.hint.setAttribute("aria-label",
    (blank.hints < 3 ? `Hint ${blank.hints + 1} of 3: ` : "Show the answer: ") + plain(blank.step.head));
  paint((phase, name) => {
    const b = blanks.find((other) => other.step.phase === phase && other.step.name === name);
    return !b || b.solved.filter(Boolean).length === b.inputs.length ? "shown" : "blank";
  });
  const of = blanks.reduce((n, b) => n + b.inputs.length, 0);
  const own = (b) => (b.shown ? [] : b.solved.filter(Boolean));
  const right = blanks.reduce((n, b) => n + own(b).length, 0);
  const once = blanks.reduce((n, b) => n + (b.shown ? 0 : b.solved.filter((s, k) => s && b.tries[k] === 1).length), 0);
  by("score").textContent = `${right} of ${of} right, ${once} at the first try`
    + (hints ? `, ${hints} ${hints === 1 ? "hint" : "hints"}` : "") + (right === of ? ". All done." : "");
}

// Hints: which rule, the formula, the numbers; then the answer.
function help(blank) {
  const {step} = blank;
  blank.feedback.classList.remove("fine");
  if (blank.hints === 3) {
    blank.shown = true;
    blank.inputs.forEach((box, k) => {
      if (blank.solved[k]) return;
      box.value = box.judged = show(r[step.at[0] + k]);
      box.readOnly = blank.solved[k] = true;
      box.classList.remove("bad");
    });
    blank.feedback.textContent = "";
    mark(blank);
    return;
  }
  blank.hints++;
  hints++;
  blank.feedback.innerHTML = `Hint ${blank.hints} of 3: ` + (step.phase === "value" ? valueHint : gradientHint)(step, blank.hints);
  mark(blank);
  (blank.inputs.find((_, k) => !blank.solved[k]) || blank.inputs[0]).focus();
}
function valueHint(step, stage) {
  const given = [...new Set(step.inputs || [])].map((name) => heads.get(name)).join(" and ");
  if (stage === 1) return step.words ? plain(step.words) + "." : `put ${given} into the formula, and work from the inside out.`;
  if (stage === 2) return `<span class="math">${step.head} = ${step.text}</span>`;
  return step.numbers ? `<span class="math">${step.head} = ${worked([step.numbers], step.at)}</span>` : "the formula, entry by entry.";
}
function gradientHint(step, stage) {
  const {terms} = step, a = heads.get(step.name);
  if (!terms.length) return stage < 3 ? `how much does ${lesson.loss} change when ${lesson.loss} changes by 1?` : "it is 1.";
  if (stage === 1) {
    const users = terms.map((t) => heads.get(t.through)).join(" and ");
    return terms.length > 1
      ? `the chain rule: ${a} is used by ${users}. For each, upstream gradient times local derivative; then add.`
      : `the chain rule: ${a} is used by ${users}. Upstream gradient ${terms[0].upstream.text}, times the local derivative ∂${users}/∂${a}.`;
  }
  if (stage === 2) {
    return `<span class="math">${step.head} = ${terms.map((t) => t.text).join(" + ")}</span>`
      + remarks(step).map((remark) => `, with ${fill(remark)}`).join("");
  }
  const inside = terms.map((t) => t.numbers);
  return inside.every(Boolean) && worked(inside, step.at) ? `<span class="math">${step.head} = ${worked(inside, step.at)}</span>` : "the formula, entry by entry.";
}
stories((node) => {
  const {what, used} = facts(node);
  return `<h2 class="math">${what}</h2><p>${used}</p>`;
});
for (const [name, g] of elements) {
  g.addEventListener("click", () => {
    const open = blanks.find((b) => b.step.node === name && b.solved.filter(Boolean).length < b.inputs.length);
    if (open) open.inputs.find((_, k) => !open.solved[k]).focus();
  });
}

// Fresh numbers: of many draws the one whose numbers stay shortest. The same seed gives the same numbers.
function random(seed) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
function cost(draw) {
  const results = program(draw);
  let total = 0;
  for (const {step: {at: [start], phase}, inputs} of blanks) {
    for (let k = 0; k < inputs.length; k++) {
      if (!Number.isFinite(results[start + k])) return Infinity;
      const v = Math.abs(results[start + k]) < 1e-12 ? 0 : results[start + k];
      const figures = show(Math.abs(v), 10).replace(".", "").length;
      total += Math.max(0, figures - 1) ** 2 + (v === 0 ? (phase === "gradient" ? 12 : 3) : 0);
    }
  }
  return total;
}
function nice(seed) {
  const next = random(seed), whole = first.every(Number.isInteger);
  const patterns = lesson.data.map((d) => Boolean(d.shape) && d.values.every((v) => v === 0 || v === 1));
  let best = first, least = Infinity;
  for (let k = 0; k < 300; k++) {
    const draw = lesson.data.flatMap((d, j) => d.values.map((v) => {
      if (patterns[j]) return Number(v);
      const size = 1 + Math.floor(next() * (k % 3 ? 4 : 6)), sign = next() < 0.3 ? -1 : 1;
      return whole ? sign * size : sign * size / 10;
    }));
    const price = cost(draw) + (draw.every((v, j) => v === first[j]) ? 1e6 : 0);
    if (price < least) [best, least] = [draw, price];
  }
  return best;
}
function start(seed) {
  numbers = seed;
  x = seed === null ? first.slice() : nice(seed);
  r = program(x);
  hints = 0;
  for (const blank of blanks) {
    Object.assign(blank, {solved: [], tries: [], hints: 0, shown: false});
    for (const box of blank.inputs) {
      box.value = "";
      box.judged = null;
      box.readOnly = false;
      box.classList.remove("ok", "bad");
      box.removeAttribute("aria-invalid");
    }
    blank.feedback.textContent = "";
    blank.item.classList.remove("right", "wrong", "shown");
  }
  let k = 0;
  by("data").innerHTML = lesson.data.map((d) => {
    const from = k;
    k += d.values.length;
    const given = nodes.get(d.name).value;
    return `<span>${d.html} = <b class="v">${given ? at(given).replace(/\n/g, " ") : d.values.length + " numbers"}</b></span>`;
  }).join("");
  by("seed").textContent = seed === null ? "" : `numbers no. ${seed}`;
  by("reset").disabled = seed === null;
  by("loss").textContent = "";
  for (const blank of blanks) mark(blank);
  light(null);
}
by("fresh").addEventListener("click", () => start(numbers === null ? 1 : numbers + 1));
by("reset").addEventListener("click", () => start(null));
by("again").addEventListener("click", () => start(numbers));
start(lesson.seed === undefined ? null : lesson.seed);
