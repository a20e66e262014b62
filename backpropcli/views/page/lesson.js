// The lesson: steps forward and backward, the table, and fields that change the numbers.
let position = 0;
const order = new Map(steps.map((step, k) => [step.phase + " " + step.name, k]));
const table = by("table");
const cells = new Map();

function visible(phase, name) {
  const k = order.get(phase + " " + name);
  return position === 0 || k === undefined || k < position ? "shown" : "later";
}

// The table: a body for each kind of row.
const attach = stories(story);
by("by").innerHTML = `∂${lesson.loss}/∂name`;
for (const kinds of [["input", "target"], ["parameter"], ["node"]]) {
  const body = table.createTBody();
  for (const node of lesson.nodes.filter((n) => kinds.includes(n.kind))) {
    const row = body.insertRow(), head = document.createElement("th"), button = document.createElement("button");
    head.scope = "row";
    button.type = "button";
    button.innerHTML = node.html + (node.shape ? ` <span class="small">(${node.shape.join(",")})</span>` : "");
    attach(button, node.name);
    head.append(button);
    row.append(head);
    const formula = row.insertCell(), value = row.insertCell(), gradient = row.insertCell();
    if (node.formula) formula.innerHTML = fill(node.formula);
    else {
      formula.textContent = node.kind;
      formula.className = "kind";
    }
    value.className = "number v";
    gradient.className = "number g";
    value.dataset.value = gradient.dataset.gradient = node.name;
    cells.set(node.name, {row, value, gradient});
  }
}

function refresh() {
  title();
  paint(visible);
  for (const node of lesson.nodes) {
    const {value, gradient} = cells.get(node.name);
    value.textContent = node.value ? at(node.value) : node.shape ? "array" : "";
    gradient.textContent = at(node.gradient);
    value.classList.toggle("later", visible("value", node.name) === "later");
    gradient.classList.toggle("later", visible("gradient", node.name) === "later");
  }
  explain();
  tell(kept, story);
}

// One step: the formula, and for a gradient its upstream and local factors.
function explain() {
  const step = position ? steps[position - 1] : null;
  by("count").textContent = `${position} of ${steps.length}`;
  by("first").disabled = by("back").disabled = position === 0;
  by("next").disabled = by("last").disabled = position === steps.length;
  by("stepper").classList.toggle("all", !step);
  by("step").innerHTML = step ? told(step) :
    `<p class="phase">All numbers</p><p>Values go forward, left to right; gradients of ${lesson.loss} come back, right to left:
    each is the gradient that arrives (upstream) times a local derivative.</p>
    <p>Press <b>Step</b>, or the right arrow key, to compute them one by one.</p>`;
  light(step);
  for (const [name, {row}] of cells) {
    const now = Boolean(step) && step.node === name;
    row.classList.toggle("now", now);
    row.classList.toggle("back", now && step.phase === "gradient");
    if (now) row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
  }
}
function told(step) {
  const backward = step.phase === "gradient";
  let html = `<p class="phase">${backward ? "Backward" : "Forward"}, step ${position} of ${steps.length}`
    + `${step.kind ? `: a gradient of a ${step.kind}` : ""}</p><p class="formula">${equation(step)}</p>`;
  if (!backward) {
    if (step.words) html += `<p class="small">${plainWords(step)}</p>`;
    return html;
  }
  if (!step.terms.length) return html + `<p>Here the way back begins: ${lesson.loss} changes as much as itself.</p>`;
  const several = step.terms.length > 1;
  if (several) html += `<p>${heads.get(step.name)} is used ${step.terms.length} times: the paths are added.</p>`;
  for (const term of step.terms) {
    if (!term.local) continue;
    const here = `∂${heads.get(term.through)}/∂${heads.get(step.name)}`;
    const product = term.upstream.at && term.local.at ? r[term.upstream.at[0]] * r[term.local.at[0]] : null;
    html += `<div class="term">${factor("upstream: " + term.upstream.text, term.upstream.at, term.upstream.numbers, "g")}
      <span class="sign">·</span>${factor(`local: ${here} = ${term.local.text}`, term.local.at, term.local.numbers, "")}`
      + (product === null ? "" : `<span class="sign">=</span><strong class="sign head g">${show(product)}</strong>`) + "</div>";
  }
  for (const remark of remarks(step)) html += `<p class="small">${fill(remark)}</p>`;
  if (step.at.length === 1) html += `<p class="small">${slope(step.name, r[step.at[0]])}</p>`;
  return html;
}
const plainWords = (step) => plain(step.words).replace(/^./, (c) => c.toUpperCase()) + ".";
function factor(label, place, numbers, color) {
  const text = place ? at(place) : numbers ? fill(numbers) : "an array";
  return `<span class="factor"><small>${label}</small><strong class="${color}">${text}</strong></span>`;
}
function story(node) {
  const {used} = facts(node);
  const forward = steps[order.get("value " + node.name)], backward = steps[order.get("gradient " + node.name)];
  let html = `<h2 class="math">${node.html}${node.formula ? "" : ": " + node.kind}</h2>`;
  if (forward) html += `<p class="math">${equation(forward, visible("value", node.name) === "shown")}</p>`;
  else html += `<p class="math">${node.html} = <b class="v">${at(node.value)}</b>, a given number. ${used}</p>`;
  if (forward) html += `<p>${used}</p>`;
  if (backward) {
    const shown = visible("gradient", node.name) === "shown";
    html += `<p class="math">${equation(backward, shown)}</p>`;
    if (shown && backward.at.length === 1) html += `<p>${slope(node.name, r[backward.at[0]])}</p>`;
  }
  return html;
}

// Moving.
function go(to) {
  position = Math.max(0, Math.min(steps.length, to));
  refresh();
}
by("first").addEventListener("click", () => go(0));
by("back").addEventListener("click", () => go(position - 1));
by("next").addEventListener("click", () => go(position + 1));
by("last").addEventListener("click", () => go(steps.length));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  const moves = {ArrowRight: position + 1, ArrowLeft: position - 1, Home: 0, End: steps.length};
  if (!Object.hasOwn(moves, event.key)) return;
  event.preventDefault();
  go(moves[event.key]);
});

// Fields and sliders.
const small = first.every((v) => Math.abs(v) <= 1);
const loss = nodes.get(lesson.of).value;
const begin = loss && loss.length === 1 ? r[loss[0]] : NaN;
const sliders = [], entries = [];
function span(v) {
  if (small) return [-1, 1, 0.01];
  const most = Math.max(10, Math.pow(10, Math.ceil(Math.log10(2 * Math.abs(v) || 1))));
  return [-most, most, most / 100];
}
function set(k, v, from) {
  x[k] = v;
  r = program(x);
  if (sliders[k] && from !== sliders[k]) {
    sliders[k].min = Math.min(sliders[k].min, Math.floor(v));
    sliders[k].max = Math.max(sliders[k].max, Math.ceil(v));
    sliders[k].value = v;
  }
  if (entries[k] && from !== entries[k]) entries[k].value = String(v);
  moved();
  refresh();
}
function moved() {
  const now = loss && loss.length === 1 ? r[loss[0]] : NaN;
  const same = x.every((v, k) => v === first[k]);
  by("moved").innerHTML = same || begin !== begin ? ""
    : `<span class="math">${lesson.loss} was ${show(begin, 8)}, is <b class="v">${show(now, 8)}</b>: a change of ${show(now - begin, 8)}</span>`;
}
function field(k, label) {
  const input = document.createElement("input");
  input.type = "text";
  input.inputMode = "decimal";
  input.autocomplete = "off";
  input.value = String(x[k]);
  input.setAttribute("aria-label", label);
  input.dataset.input = label;
  entries[k] = input;
  return input;
}
function obey(input, k, problem) {
  input.addEventListener("input", () => {
    const got = read(input.value);
    input.classList.toggle("bad", Boolean(got.problem));
    input.setAttribute("aria-invalid", String(Boolean(got.problem)));
    problem.textContent = got.problem || "";
    if (got.value !== undefined) set(k, got.value, input);
  });
}
let next = 0;
for (const datum of lesson.data) {
  const start = next, count = datum.values.length, shape = datum.shape || [];
  next += count;
  if (count > 36 || shape.length > 2) continue;
  const row = document.createElement("div"), label = document.createElement("label");
  const problem = document.createElement("span");
  problem.className = "problem";
  problem.setAttribute("role", "alert");
  row.className = "field";
  label.innerHTML = datum.html;
  row.append(label);
  if (!shape.length && Number.isFinite(first[start])) {
    const [low, high, step] = span(first[start]), slider = document.createElement("input");
    slider.type = "range";
    slider.min = low;
    slider.max = high;
    slider.step = step;
    slider.value = x[start];
    slider.setAttribute("aria-label", datum.name + ", slider");
    slider.dataset.slider = datum.name;
    slider.addEventListener("input", () => set(start, Number(slider.value), slider));
    sliders[start] = slider;
    const input = field(start, datum.name);
    input.id = "field-" + start;
    label.htmlFor = input.id;
    obey(input, start, problem);
    row.append(slider, input, problem);
  } else {
    row.classList.add("wide");
    const grid = document.createElement("div"), last = shape.length ? shape[shape.length - 1] : 1;
    grid.className = "grid";
    for (let k = 0; k < count; k += last) {
      const line = document.createElement("div");
      line.className = "row";
      for (let j = 0; j < last; j++) {
        const index = shape.length > 1 ? `[${k / last}, ${j}]` : shape.length ? `[${j}]` : "";
        const input = field(start + k + j, datum.name + index);
        obey(input, start + k + j, problem);
        line.append(input);
      }
      grid.append(line);
    }
    row.append(grid, problem);
  }
  by("fields").append(row);
}
if (!lesson.data.length) {
  by("numbers-note").textContent = "This network is too large to be computed in a page: its numbers stand still.";
  by("reset").hidden = true;
}
by("reset").addEventListener("click", () => {
  x = first.slice();
  r = program(x);
  entries.forEach((input, k) => { input.value = String(x[k]); input.classList.remove("bad"); });
  sliders.forEach((slider, k) => { slider.value = x[k]; });
  for (const problem of document.querySelectorAll(".problem")) problem.textContent = "";
  moved();
  refresh();
});
go(0);
