// The lesson: steps forward and backward, the table, and fields that change the numbers.
let position = 0, current = null;
const order = new Map(steps.map((step, k) => [step.phase + " " + step.name, k]));
function visible(phase, name) {
  const k = order.get(phase + " " + name);
  return position === 0 || k === undefined || k < position ? "shown" : "later";
}

hint = `<h2>Reading the graph</h2><p><b class="v">Blue</b>: a node's value, on its way to the right.
<b class="g">Red</b>: d${lesson.loss}/d(node), how much ${lesson.loss} moves when the node moves by 1, at the slope that it has here.</p>` + hint;
rowsOfTable(stories(story));
document.querySelector(".scroll").classList.toggle("long", lesson.nodes.length > 40);

function refresh() {
  title();
  writeNumbers();
  fitTable();
  turn();
}
addEventListener("resize", fitTable);
// What changes from step to step, while the numbers stay.
function turn() {
  paint(visible);
  for (const [name, {value, gradient}] of cells) {
    value.classList.toggle("later", visible("value", name) === "later");
    gradient.classList.toggle("later", visible("gradient", name) === "later");
  }
  explain();
  tell(kept, story);
}

// One step: the formula, and for a gradient its upstream and local factors.
function explain() {
  const step = position ? steps[position - 1] : null;
  by("count").textContent = `${position} of ${steps.length}`;
  allow();
  by("stepper").classList.toggle("all", !step);
  by("scrub").value = position;
  const phase = step ? (step.phase === "value" ? "Forward" : "Backward") : "";
  by("scrub").setAttribute("aria-valuetext", step ? `${phase}, step ${position} of ${steps.length}: ${step.name}` : "Overview");
  by("stepper").classList.toggle("backward", phase === "Backward");
  by("step").dataset.phase = step ? step.phase : "overview";
  by("step").dataset.name = step ? step.name : "";
  usual = step ? (nodes.has(step.name) ? step.name : step.node) : null;
  put(by("step"), step ? told(step) :
    `<p class="phase">Overview: all numbers</p><p>Values go forward, left to right; gradients of ${lesson.loss} come back, right to left:
    each is the gradient that arrives (upstream) times a local derivative.</p>
    <p>Press <b>Step</b>, or the right arrow key, to compute them one by one.</p>`);
  light(step);
  followTime(step);
  if (current) {
    current.classList.remove("now", "back");
    current.removeAttribute("aria-current");
  }
  const cell = step && (cells.get(step.name) || cells.get(step.node));
  current = cell ? cell.row : null;
  if (!current) return;
  current.classList.add("now");
  current.classList.toggle("back", step.phase === "gradient");
  current.setAttribute("aria-current", "step");
  reveal(document.querySelector(".scroll"), current, null, null, 60);
}
// What an array operation makes of the upstream gradient: no product of two numbers.
function becoming({upstream, becomes, value}) {
  return `<div class="term">${factor("upstream", `□ = ${upstream.text}`, upstream.at, upstream.numbers)}
    <span class="sign">→</span>${factor("local", becomes.text, becomes.at, "")}`
    + (value ? `<span class="sign">=</span><strong class="sign head g tall">${value.length > 1 ? grid(value) : at(value)}</strong>` : "") + "</div>";
}
// Which buttons can be used. One that has the focus is not disabled: it would lose it, and the keyboard its place.
function allow() {
  const off = {first: position === 0, back: position === 0, next: position === steps.length, last: position === steps.length};
  for (const id of Object.keys(off)) {
    by(id).disabled = off[id] && document.activeElement !== by(id);
    by(id).setAttribute("aria-disabled", String(off[id]));
  }
}
function told(step) {
  const backward = step.phase === "gradient";
  let html = `<p class="phase"><span class="tag">${backward ? "Backward" : "Forward"}</span> step ${position} of ${steps.length}`
    + `${step.kind ? `: a gradient of a ${step.kind}` : ""}${within(step)}</p>${math(equation(step), "p", " formula")}`;
  if (!backward) {
    if (step.words) html += `<p class="small">${step.words}</p>`;
    return html;
  }
  if (!step.terms.length) return html + `<p>Here the way back begins: ${lesson.loss} changes as much as itself.</p>`;
  const several = step.terms.length > 1;
  if (several) html += `<p>${heads.get(step.name)} is used ${step.terms.length} times: the paths are added.</p>`;
  for (const term of step.terms) {
    if (!term.local) {
      html += becoming(term);
      continue;
    }
    const here = `∂${heads.get(term.through)}/∂${heads.get(step.name)}`;
    const product = only(term.upstream) * only(term.local);
    html += `<div class="term">${factor("upstream", term.upstream.text, term.upstream.at, term.upstream.numbers)}
      <span class="sign">·</span>${factor("local", `${here} = ${term.local.text}`, term.local.at, term.local.numbers)}`
      + (!term.upstream.at || term.upstream.at.length > 1 || !term.local.at || term.local.at.length > 1 ? "" : `<span class="sign">=</span><strong class="sign head g">${show(product)}</strong>`) + "</div>";
  }
  for (const remark of remarks(step)) html += `<p class="small">${fill(remark)}</p>`;
  if (step.at.length === 1) html += `<p class="small">${slope(step.name, r[step.at[0]])}</p>`;
  return html;
}
// "J.3 is a step inside J = ...": nobody else says what these names are.
function within(step) {
  return step.name !== step.node && insideOf(step.node) ? `: ${heads.get(step.name)} is a step inside ${math(insideOf(step.node))}` : "";
}
function factor(which, text, place, numbers) {
  const shown = place ? (place.length > 1 ? grid(place) : at(place)) : numbers ? fill(numbers) : numbers === "" ? "" : "an array";
  const exact = exactly(place);
  return `<span class="factor ${which}"${exact === null ? "" : ` data-${which}="${exact.replace(/"/g, "&quot;")}"`}>`
    + `<small>${which}: ${text}</small>${shown && `<strong>${shown}</strong>`}</span>`;
}
function story(node) {
  const {used} = facts(node);
  const forward = steps[order.get("value " + node.name)], backward = steps[order.get("gradient " + node.name)];
  let html = `<h2 class="math">${node.html}${node.formula ? "" : ": " + node.kind}</h2>`;
  if (forward) html += math(equation(forward, visible("value", node.name) === "shown"), "p");
  else html += `<p class="math">${node.html} = <b class="v">${at(node.value)}</b>, a given number. ${used}</p>`;
  if (forward) html += `<p>${used}</p>`;
  if (backward) {
    const shown = visible("gradient", node.name) === "shown";
    html += math(equation(backward, shown), "p");
    if (shown && backward.at.length === 1) html += `<p>${slope(node.name, r[backward.at[0]])}</p>`;
  }
  return html;
}

// Moving.
function go(to) {
  position = Math.max(0, Math.min(steps.length, to));
  turn();
}
by("first").addEventListener("click", () => go(0));
by("back").addEventListener("click", () => go(position - 1));
by("next").addEventListener("click", () => go(position + 1));
by("last").addEventListener("click", () => go(steps.length));
for (const id of ["first", "back", "next", "last"]) by(id).addEventListener("blur", () => setTimeout(allow));
by("scrub").max = steps.length;
by("scrub").addEventListener("input", () => go(Number(by("scrub").value)));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  const moves = {ArrowRight: position + 1, ArrowLeft: position - 1, Home: 0, End: steps.length};
  if (!Object.hasOwn(moves, event.key)) return;
  event.preventDefault();
  go(moves[event.key]);
});
fields();
if (times.length > 1) showTime(0);
refresh();
moved();
