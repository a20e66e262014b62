// The table: a body for each kind of row, and its numbers aligned on the decimal point.
const table = by("table");
const cells = new Map();
function rowsOfTable(attach) {
  by("by").innerHTML = `d${lesson.loss}/d(name)`;
  for (const kinds of [["input", "target"], ["parameter"], ["node"]]) {
    const those = lesson.nodes.filter((n) => kinds.includes(n.kind));
    if (!those.length) continue;
    const body = table.createTBody();
    for (const node of those) {
      const row = body.insertRow(), head = document.createElement("th"), button = document.createElement("button");
      head.scope = "row";
      button.type = "button";
      button.innerHTML = node.html + (node.shape ? ` <span class="small">${shapeText(node.shape)}</span>` : "");
      button.classList.toggle("long", node.name.length > 12);
      attach(button, node.name);
      head.append(button);
      row.append(head);
      const formula = row.insertCell(), value = row.insertCell(), gradient = row.insertCell();
      if (node.formula) formula.innerHTML = math(fill(node.formula));
      else {
        formula.textContent = node.kind;
        formula.className = "kind";
      }
      const wide = node.shape && node.shape[node.shape.length - 1] > 8 ? " rows" : "";
      value.className = "number v" + wide;
      gradient.className = "number g" + wide;
      value.dataset.valueOf = gradient.dataset.gradientOf = node.name;
      value.append(document.createElement("span"));
      gradient.append(document.createElement("span"));
      cells.set(node.name, {row, value, gradient});
    }
  }
}
function writeNumbers() {
  for (const kind of ["value", "gradient"]) {
    const plainOnes = lesson.nodes.filter((n) => n[kind] && n[kind].length === 1).map((n) => [n, show(r[n[kind][0]])]);
    const longest = room(plainOnes.map(([, text]) => ends(text)[1]));
    for (const [node, text] of plainOnes) {
      const place = cells.get(node.name)[kind].firstChild;
      say(place, text);
      place.dataset.after = short(longest, ends(text)[1]);
    }
    for (const node of lesson.nodes) {
      const cell = cells.get(node.name)[kind], exact = exactly(node[kind]);
      if (exact !== null) cell.dataset.number = exact;
      if (kind === "value" && !node.value) say(cell.firstChild, node.shape ? "array" : "");
      else if (node[kind] && node[kind].length > 1) put(cell.firstChild, grid(node[kind]));
    }
  }
}
