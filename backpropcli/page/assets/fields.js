// Fields and sliders: what is typed or moved becomes the network's numbers at once.
const small = first.every((v) => Math.abs(v) <= 1);
const loss = nodes.get(lesson.of).value;
const begin = loss && loss.length === 1 ? r[loss[0]] : NaN;
const sliders = [], entries = [];
const MOST_FIELDS = 400;
function span(v, classes) {
  if (classes) return [0, classes - 1, 1];
  if (small) return [-1, 1, 0.01];
  const most = Math.max(10, Math.pow(10, Math.ceil(Math.log10(2 * Math.abs(v) || 1))));
  return [-most, most, most / 100];
}
// A number is written whole where it is short, else some digits of it; it stays what it was until somebody types another.
const SHORT = 9, WIDE = 6;
const complete = (v) => (Math.abs(v) >= 1e9 && Number.isFinite(v) ? v.toExponential().replace("e+", "e") : String(v));
const written = (v, digits) => (complete(v).length <= SHORT - 6 + digits ? complete(v) : plainly(v, digits));
function ranged(slider, v, classes) {
  const [low, high, step] = span(v, classes);
  Object.assign(slider, {min: low, max: high, step, value: v});
}
function set(k, v, from) {
  x[k] = v;
  r = program(x);
  const slider = sliders[k];
  if (slider && from !== slider) {
    if (Math.abs(v) <= 1000 * Math.abs(slider.max)) {
      slider.min = Math.min(slider.min, Math.floor(v));
      slider.max = Math.max(slider.max, Math.ceil(v));
    }
    slider.value = v;
  }
  if (entries[k] && from !== entries[k]) {
    entries[k].write(v);
    entries[k].hold();
    entries[k].complain("");
  }
  if (entries[k]) entries[k].tell();
  refresh();
  moved();
}
// The loss before and after; and where numbers stop being finite, if they do.
function moved() {
  const now = loss && loss.length === 1 ? r[loss[0]] : NaN;
  const same = x.every((v, k) => v === first[k]);
  let html = "";
  if (!same && Number.isFinite(begin) && loss.length === 1) {
    html = `<span class="math">${lesson.loss} was ${show(begin, 8)}, is <b class="v">${show(now, 8)}</b>`
      + (Number.isFinite(now) ? `: a change of ${show(now - begin, 8)}</span>` : "</span>");
  }
  const wild = steps.find((step) => !finite(step.at));
  if (wild) {
    html += `<span class="problem"> <span class="math">${wild.head}</span> is the first number that is not finite`
      + ` (${wild.at.length > 1 ? "in an entry" : show(r[wild.at[0]])}): what is computed from it is not either.</span>`;
  }
  put(by("moved"), html);
}
// `alike` are the fields of the same array, which are equally wide.
function field(k, datum, label, problem, alike) {
  const input = document.createElement("input");
  input.type = "text";
  input.inputMode = "text";
  input.autocomplete = "off";
  input.spellcheck = false;
  input.setAttribute("autocapitalize", "off");
  input.name = label;
  input.setAttribute("aria-label", label);
  input.setAttribute("aria-describedby", problem.id);
  input.dataset.input = label;
  let held = x[k];
  input.complain = (text) => {
    input.classList.toggle("bad", Boolean(text));
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    say(problem, text && `${text} (${label} is still ${show(x[k], 12)})`);
  };
  input.addEventListener("input", () => {
    const got = read(input.value);
    let wrong = got.empty ? "Nothing is written there." : got.problem || "";
    if (!wrong && datum.classes && !(Number.isInteger(got.value) && got.value >= 0 && got.value < datum.classes)) {
      wrong = `This is a class number: 0 to ${datum.classes - 1}.`;
    }
    if (wrong) set(k, held, input);  // not what the beginning of it would have been: 1 of 1,5
    input.complain(wrong);
    if (!wrong) set(k, got.value, input);
  });
  input.hold = () => { held = x[k]; };
  input.addEventListener("focus", input.hold);
  input.addEventListener("change", input.hold);
  const digits = datum.shape && datum.shape[datum.shape.length - 1] > WIDE ? 4 : 6;
  input.write = (v) => { input.value = written(v, digits); };
  // All digits, for who points at it and for scripts; and as much room as the longest number of the array needs.
  input.tell = () => {
    input.dataset.number = complete(x[k]);
    input.title = input.value === complete(x[k]) ? "" : complete(x[k]);
    input.widen();
  };
  input.widen = () => {
    const most = Math.max(4, ...alike.map((other) => Math.min(other.value.length, 24)));
    for (const other of alike) other.style.width = `calc(${most + 0.5}ch + 1.2rem)`;
  };
  input.addEventListener("input", input.widen);
  alike.push(input);
  entries[k] = input;
  input.write(x[k]);
  return input;
}
function slider(k, datum, label) {
  const made = document.createElement("input");
  made.type = "range";
  made.classes = datum.classes;
  ranged(made, x[k], datum.classes);
  made.name = label + ", slider";
  made.setAttribute("aria-label", label + ", slider");
  made.dataset.slider = label;
  made.addEventListener("input", () => set(k, Number(made.value), made));
  sliders[k] = made;
  return made;
}
function fields() {
  let next = 0, made = 0, arrays = null;
  for (const datum of lesson.data) {
    const start = next, count = datum.values.length, shape = datum.shape || [];
    next += count;
    const row = document.createElement("div"), alike = [], label = document.createElement("label");
    const problem = document.createElement("span");
    problem.className = "problem";
    problem.id = "problem-" + start;
    problem.setAttribute("role", "alert");
    row.className = datum.name.length > 6 ? "field long" : "field";
    label.innerHTML = datum.html;
    row.append(label);
    if (!shape.length) {
      const input = field(start, datum, datum.name, problem, alike);
      input.id = "field-" + start;
      label.htmlFor = input.id;
      if (Number.isFinite(first[start])) row.append(slider(start, datum, datum.name));
      else row.classList.add("plain");
      row.append(input, problem);
    } else {
      row.classList.add("wide");
      const grid = document.createElement("div"), last = shape[shape.length - 1];
      if (count > MOST_FIELDS) {
        grid.className = "small";
        grid.textContent = `${shape.join(" × ")} numbers: too many for fields`;
      } else {
        grid.className = "grid";
        for (let k = 0; k < count; k += last) {
          const line = document.createElement("div");
          line.className = shape.length > 2 && k && k % (last * shape[shape.length - 2]) === 0 ? "row apart" : "row";
          for (let j = k; j < k + last; j++) {
            const entry = document.createElement("div"), name = datum.name + index(j, shape);
            entry.append(field(start + j, datum, name, problem, alike));
            if (Number.isFinite(first[start + j])) entry.append(slider(start + j, datum, name));
            line.append(entry);
          }
          grid.append(line);
        }
      }
      row.append(grid, problem);
    }
    made += 1;
    for (const input of alike) input.tell();
    if (!shape.length) arrays = null;
    else if (!arrays) {
      arrays = document.createElement("div");
      arrays.className = "arrays";
      by("fields").append(arrays);
    }
    (arrays || by("fields")).append(row);
  }
  by("fields").classList.toggle("many", made > 24);
  if (!lesson.data.length) {
    by("numbers-note").textContent = "This network is too large to be computed in a page: its numbers stand still.";
    by("reset").hidden = true;
  }
  by("reset").addEventListener("click", () => {
    x = first.slice();
    r = program(x);
    entries.forEach((input, k) => {
      input.write(x[k]);
      input.hold();
      input.complain("");
      input.tell();
    });
    sliders.forEach((made, k) => ranged(made, x[k], made.classes));
    refresh();
    moved();
  });
}
