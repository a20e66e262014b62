// The table: a body for each kind of row, and its numbers aligned on the decimal point.
const table = by("table");
const cells = new Map();
function rowsOfTable(attach) {
  by("by").innerHTML = `d${lesson.loss}/d(name)`;
  for (const kinds of [["input", "target"], ["parameter"], ["node", "step"]]) {
    const those = lesson.nodes.filter((n) => kinds.includes(n.kind));
    if (!those.length) continue;
    const body = table.createTBody();
    for (const node of those) {
      const row = body.insertRow();
      row.classList.toggle("step", node.kind === "step");
      row.classList.toggle("plain", !node.shape);
      const head = document.createElement("th"), button = document.createElement("button");
      head.scope = "row";
      button.type = "button";
      button.innerHTML = node.html + (node.shape ? ` <span class="small">${shapeText(node.shape)}</span>` : "");
      button.classList.toggle("long", node.name.length > 12);
      attach(button, node.name);
      head.append(button);
      row.append(head);
      const formula = row.insertCell(), value = row.insertCell(), gradient = row.insertCell();
      formula.className = "text";
      if (node.formula) formula.innerHTML = math(fill(node.formula));
      else {
        formula.textContent = node.kind;
        formula.className = "text kind";
      }
      value.className = "number v";
      gradient.className = node.gradient ? "number g" : "number g none";
      value.dataset.label = "value";
      gradient.dataset.label = "gradient";
      value.dataset.valueOf = gradient.dataset.gradientOf = node.name;
      for (const cell of [value, gradient]) {
        cell.append(document.createElement("span"));
        if (node.shape) cell.firstChild.className = "cell";
      }
      cells.set(node.name, {row, value, gradient});
    }
  }
}
function writeNumbers() {
  for (const kind of ["value", "gradient"]) {
    const plainOnes = lesson.nodes.filter((n) => n[kind] && n[kind].length === 1).map((n) => [n, show(r[n[kind][0]])]);
    const after = gaps(plainOnes.map(([, text]) => ends(text)[1]));
    plainOnes.forEach(([node, text], k) => {
      const place = cells.get(node.name)[kind].firstChild;
      say(place, text);
      place.dataset.after = after[k];
    });
    for (const node of lesson.nodes) {
      const cell = cells.get(node.name)[kind], exact = exactly(node[kind]);
      if (exact !== null) cell.dataset.number = exact;
      if (kind === "value" && !node.value) say(cell.firstChild, node.shape ? "array" : "");
      else if (node[kind] && node[kind].length > 1) put(cell.firstChild, grid(node[kind]));
    }
  }
}
// All of the table is seen: where it is too wide beside the fields it goes below them, and where it is too wide for the
// page every number goes below its name. What is wider still (a long row of an array) is scrolled by itself.
const frame = document.querySelector(".scroll"), columns = document.querySelector(".columns");
function fitTable() {
  table.classList.remove("stacked");
  columns.classList.remove("one");
  if (!cut(frame) && ![...document.querySelectorAll("#fields .grid")].some(cut)) return;
  columns.classList.add("one");
  table.classList.toggle("stacked", cut(frame));
}
