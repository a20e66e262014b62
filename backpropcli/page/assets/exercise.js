// The exercise: blanks for every value, then for every gradient; marked, hinted at in three stages, with fresh numbers.
const blanks = [];
const places = new Map();
const beginning = lesson.seed === undefined ? null : lesson.seed;
let hints = 0, numbers = 0, starting = false;

const done = (blank) => blank.solved.filter(Boolean).length === blank.inputs.length;
// Named as it is typed on the command line: dJ/dw1.
const typed = (step) => (step.phase === "value" ? step.name : `d${lesson.of}/d${step.name}`);

// The list.
for (const step of steps.filter((s) => !s.unasked)) {
  const item = document.createElement("li"), what = document.createElement("label");
  const mark = document.createElement("span"), hint = document.createElement("button");
  const feedback = document.createElement("p"), shape = step.at[1] || [], count = size(shape);
  const blank = {step, item, mark, hint, feedback, inputs: [], solved: [], tries: [], given: [], wrote: [], hints: 0, shown: false};
  item.className = shape.length ? "blank array" : "blank";
  what.className = "what";
  what.innerHTML = step.phase === "value" ? `${step.head} = ${step.text}&nbsp;=`
    : `${step.head}&nbsp;=<span class="uses">${usesOf(step).join("<br>")}</span>`;
  mark.className = "mark";
  hint.type = "button";
  hint.addEventListener("click", () => help(blank));
  feedback.className = "feedback";
  feedback.setAttribute("aria-live", "polite");
  const label = typed(step);
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
      for (let j = 0; j < last; j++) row.append(input(blank, k + j, label + index(k + j, shape)));
      place.append(row);
    }
  }
  feedback.id = "said-" + blanks.length;
  for (const box of blank.inputs) box.setAttribute("aria-describedby", feedback.id);
  item.append(what, place, mark, hint, feedback);
  by(step.phase === "value" ? "forward" : "backward").append(item);
  places.set(step.phase + " " + step.name, blank);
  blanks.push(blank);
}
// As wide as what is written in it; all of an array alike.
function widen({inputs}) {
  const most = Math.max(...inputs.map((box) => Math.min(box.value.length, 24)));
  for (const box of inputs) box.style.width = most > 5 ? `calc(${most + 0.5}ch + 1.2rem)` : "";
}
// What a blank is worked out from comes first of what is given.
function bring(step) {
  const through = step.phase === "value" ? [step.name] : step.terms.map((term) => term.through);
  const needed = steps.filter((s) => s.phase === "value" && through.includes(s.name)).flatMap((s) => s.inputs);
  const upstream = step.phase === "gradient" ? through : [];
  for (const datum of by("data").children) {
    const [phase, name] = [datum.dataset.phase, datum.dataset.name];
    datum.classList.toggle("needed", (phase === "value" ? needed : upstream).includes(name));
  }
  by("data").scrollTop = 0;
}
// The formulas that a gradient comes through: t2 = w2 · a1 for w2.
function usesOf(step) {
  const through = [...new Set(step.terms.length ? step.terms.map((term) => term.through) : [step.name])];
  return through.length > 4 ? [...through.slice(0, 2).map(stageText), "⋮", stageText(through[through.length - 1])]
    : through.map(stageText);
}
function input(blank, k, label) {
  const box = document.createElement("input");
  box.type = "text";
  box.inputMode = "text";
  box.autocomplete = "off";
  box.spellcheck = false;
  box.setAttribute("autocapitalize", "off");
  box.name = label;
  const formula = blank.step.phase === "value" ? `${blank.step.name} = ${plain(blank.step.text.replace(/<sup>/g, "^<sup>"))}` : "";
  box.setAttribute("aria-label", label === blank.step.name ? formula : formula ? `${label}, of ${formula}` : label);
  box.dataset.blank = blank.step.phase + " " + blank.step.name;
  box.addEventListener("focus", () => {
    light(blank.step);
    bring(blank.step);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && !event.shiftKey && !blank.solved[k] && judge(blank, k)) {
      event.preventDefault();  // to the next blank, not to the hint's button, which is gone
      onward(box);
    }
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (judge(blank, k)) onward(box);
  });
  box.addEventListener("change", () => judge(blank, k));
  box.addEventListener("input", () => widen(blank));
  box.addEventListener("input", () => { if (!blank.solved[k]) { box.classList.remove("bad"); mark(blank); } });
  blank.inputs.push(box);
  return box;
}
function onward(from) {
  const all = blanks.flatMap((b) => b.inputs.map((box, k) => [box, b.solved[k]]));
  const here = all.findIndex(([box]) => box === from);
  const open = [...all.slice(here + 1), ...all.slice(0, here)].find(([, solved]) => !solved);
  if (open) open[0].focus();
  else {
    from.focus();
    by("score").scrollIntoView({block: "center"});
  }
}

// Marking.
function judge(blank, k) {
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
  const own = answered(blank.step, got.value, truth) ? [] : carried(blank, k, got.value);
  blank.solved[k] = own !== null;
  blank.wrote[k] = got.value;
  box.classList.toggle("bad", !blank.solved[k]);
  box.classList.toggle("ok", blank.solved[k]);
  box.setAttribute("aria-invalid", String(!blank.solved[k]));
  if (blank.solved[k]) {
    box.readOnly = true;
    const exact = got.literal ? "" : " = " + show(own.length ? got.value : truth);
    const from = own.length ? ", from your " + own.map((step) => step.head).join(" and ") : "";
    blank.feedback.classList.add("fine");
    blank.feedback.innerHTML = done(blank) ? "Right" + exact + from + "." : "";
  } else {
    const why = diagnosis(blank.step, k, got.value, truth);
    blank.feedback.innerHTML = why ? "Not yet: " + why : "Not yet.";
  }
  mark(blank);
  return blank.solved[k];
}
function mark(blank) {
  const all = done(blank);
  const bad = blank.inputs.some((box) => box.classList.contains("bad"));
  blank.item.classList.toggle("right", all && !blank.shown && !blank.given.every(Boolean));
  blank.item.classList.toggle("shown", all && blank.shown);
  blank.item.classList.toggle("wrong", bad && !all);
  blank.mark.textContent = all ? (blank.shown || blank.given.every(Boolean) ? "–" : "✓") : bad ? "✗" : "";
  blank.hint.hidden = all;
  blank.hint.textContent = blank.hints < grading.hints ? `Hint ${blank.hints + 1}/${grading.hints}` : "Show it";
  blank.hint.setAttribute("aria-label",
    (blank.hints < grading.hints ? `Hint ${blank.hints + 1} of ${grading.hints}: ` : "Show the answer: ") + plain(blank.step.head));
  if (starting) return;
  paint((phase, name) => {
    const b = places.get(phase + " " + name);
    return !b || done(b) ? "shown" : "blank";
  });
  const count = (test) => blanks.reduce((n, b) => n + b.solved.filter((s, k) => s && !b.given[k] && test(b, k)).length, 0);
  const of = blanks.reduce((n, b) => n + b.inputs.length - b.given.filter(Boolean).length, 0);
  const right = count((b) => !b.shown), once = count((b, k) => !b.shown && b.tries[k] === 1);
  say(by("score"), `${right} of ${of} right, ${once} at the first try`
    + (hints ? `, ${hints} ${hints === 1 ? "hint" : "hints"}` : "") + (right === of ? ". All done." : ""));
  Object.assign(by("bar"), {max: of, value: right});
}

// Hints: which rule, which is data, then the formula and its numbers; then the answer.
function help(blank) {
  const {step} = blank;
  blank.feedback.classList.remove("fine");
  if (blank.hints === grading.hints) {
    blank.shown = true;
    blank.inputs.forEach((box, k) => {
      if (blank.solved[k]) return;
      box.value = box.judged = plainly(r[step.at[0] + k]);
      box.readOnly = blank.solved[k] = true;
      box.classList.remove("bad");
    });
    blank.feedback.textContent = "";
    widen(blank);
    mark(blank);
    onward(blank.inputs[blank.inputs.length - 1]);
    return;
  }
  blank.hints++;
  hints++;
  blank.feedback.innerHTML = `Hint ${blank.hints} of ${grading.hints}: `
    + (step.hints[blank.hints - 1] || (step.phase === "value" ? valueHint : gradientHint)(step, blank.hints));
  mark(blank);
  (blank.inputs.find((_, k) => !blank.solved[k]) || blank.inputs[0]).focus();
}
function valueHint(step, stage) {
  if (stage === 2) return `<span class="math">${step.head} = ${step.text}</span>`;
  return step.numbers ? `<span class="math">${step.head} = ${worked([step.numbers], step.at)}</span>` : "the formula, entry by entry.";
}
function gradientHint(step, stage) {
  const {terms} = step;
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
    const open = blanks.find((b) => b.step.node === name && !done(b));
    if (open) open.inputs.find((_, k) => !open.solved[k]).focus();
  });
}

by("inside").innerHTML = (lesson.inside || []).filter(({name}) => steps.some((s) => !s.unasked && s.node === name)).map(({name, steps: names}) => {
  const last = names[names.length - 1], most = names.slice(0, -1).join(", ");
  return `${most ? `${most} and ${last} are steps` : `${last} is a step`} inside ${math(insideOf(name))}.`;
}).join("<br>");
// A start: with the network's own numbers, or other nice ones.
function start(seed) {
  numbers = seed;
  x = seed === null ? first.slice() : nice(seed);
  r = program(x);
  hints = 0;
  for (const blank of blanks) {
    Object.assign(blank, {solved: [], tries: [], given: [], wrote: [], hints: 0, shown: false});
    blank.inputs.forEach((box, k) => {
      const truth = r[blank.step.at[0] + k], given = !Number.isFinite(truth);
      box.value = given ? plainly(truth) : "";  // no answer can be typed for what is not finite
      box.judged = null;
      box.readOnly = blank.given[k] = blank.solved[k] = given;
      box.classList.remove("ok", "bad");
      box.removeAttribute("aria-invalid");
    });
    widen(blank);
    blank.item.classList.toggle("given", blank.given.every(Boolean));
    blank.feedback.textContent = blank.given.every(Boolean) ? "Given: it is not finite." : "";
    blank.feedback.classList.add("fine");
    blank.item.classList.remove("right", "wrong", "shown");
  }
  by("data").innerHTML = lesson.given.map(([phase, name]) => {
    const own = steps.find((s) => s.phase === phase && s.name === name), at = own ? own.at : nodes.get(name).value;
    const html = own ? own.head : nodes.get(name).html, color = phase === "value" ? "v" : "g";
    return `<span class="datum" data-phase="${phase}" data-name="${escape(name)}"><var>${html} = </var>`
      + `<b class="${color}${at.length > 1 ? " tall" : ""}">${at.length > 1 ? grid(at) : show(r[at[0]])}</b></span>`;
  }).join("");
  by("seed").textContent = seed === null ? "" : `numbers no. ${seed}`;
  by("reset").disabled = seed === beginning;
  by("loss").textContent = "";
  for (const place of document.querySelectorAll(".digits")) place.textContent = grading.nearly[digitsAsked()].digits;
  starting = true;
  for (const blank of blanks) mark(blank);
  starting = false;
  mark(blanks[0]);
  light(null);
  const here = elements.get(drawnAs(blanks[0].step.name, blanks[0].step.node));
  if (here) reveal(by("graph"), here, 60, 110, 50);
}
// What is focused is scrolled to where it is seen, below what stays.
function roomAbove() {
  const sheet = document.querySelector(".sheet"), stays = getComputedStyle(sheet).position === "sticky";
  document.documentElement.style.scrollPaddingTop = stays ? sheet.offsetHeight + 12 + "px" : "";
}
// Long rows of arrays have all of the page's width.
function fitBlanks() {
  const columns = document.querySelector(".columns");
  columns.classList.remove("one");
  columns.classList.toggle("one", [...document.querySelectorAll(".entries")].some(cut));
}
addEventListener("resize", fitBlanks);
fitBlanks();
new ResizeObserver(roomAbove).observe(document.querySelector(".sheet"));
addEventListener("resize", roomAbove);
if (lesson.beyond) {
  by("how").append(` The network has more numbers: asked for are the nearest to ${lesson.of}, and what they need of the others is given.`);
}
by("fresh").hidden = by("reset").hidden = !lesson.data.length;
by("fresh").addEventListener("click", () => start(numbers === null ? 1 : numbers + 1));
by("reset").addEventListener("click", () => {
  start(beginning);
  blanks[0].inputs[0].focus();
});
by("again").addEventListener("click", () => start(numbers));
start(beginning);
