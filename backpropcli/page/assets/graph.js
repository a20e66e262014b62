// The graph and what is told beside it: texts, what is lit, how large it is drawn, a node's story; and the colours.
// The graph: its texts, what is lit, where it is scrolled to.
const texts = {value: [], gradient: []};
for (const kind of ["value", "gradient"]) {
  for (const drawing of document.querySelectorAll(".backprop-graph")) {  // the second one is for paper
    const spots = new Map();
    for (const text of drawing.querySelectorAll("." + kind + "[data-name]")) {
      const name = text.dataset.name;
      if (!spots.has(name)) spots.set(name, []);
      text.room = Math.max(text.textContent.replace(/\u2007+/g, "").length, 5);
      spots.get(name).push(text);
    }
    const height = (text) => Number(text.parentNode.getAttribute("y"));
    for (const those of spots.values()) those.sort((a, b) => height(a) - height(b));
    texts[kind].push(...spots);
  }
}
function write(text, full, few) {
  say(text, full.length <= text.room ? full : few);
}
const elements = new Map([...graph.querySelectorAll(".node[data-name]")].map((g) => [g.dataset.name, g]));
const edges = [...graph.querySelectorAll("[data-from]")];
// `state(phase, name)` says of a number: "shown", "later" (hidden) or "blank" (to be found).
function paint(state) {
  const labels = {value: new Map(), gradient: new Map()};
  for (const kind of ["value", "gradient"]) {
    for (const [name, spots] of texts[kind]) {
      const node = nodes.get(name), place = node && node[kind];
      const now = state(kind, name);
      spots.forEach((spot, k) => {
        spot.classList.toggle("later", now === "later");
        if (now === "blank") say(spot, "?");
        else if (place && place.length > 1) {
          write(spot, rows(place[0], place[1])[k] || "", rows(place[0], place[1], 3)[k] || "");
        } else if (place) write(spot, show(r[place[0]]), show(r[place[0]], 4));
      });
      if (place && now !== "later") {
        const text = now === "blank" ? "to be found" : at(place).replace(/\n/g, " ");
        labels[kind].set(name, (kind === "value" ? " = " : ", gradient ") + text);
      }
    }
  }
  for (const [name, g] of elements) {
    const label = name + (labels.value.get(name) || "") + (labels.gradient.get(name) || "");
    if (g.getAttribute("aria-label") !== label) g.setAttribute("aria-label", label);
  }
}
const cut = (element) => element.scrollWidth > element.clientWidth;
let lit = [];
// A step inside a formula is drawn as a box of its own, or as its node.
const drawnAs = (name, node) => (elements.has(name) ? name : node);
function light(step) {
  for (const element of lit) element.classList.remove("now", "feeds", "back", "lit");
  lit = [];
  const add = (element, ...names) => {
    element.classList.add(...names);
    lit.push(element);
  };
  const name = step && drawnAs(step.name, step.node), here = elements.get(name);
  if (!here) return;
  const backward = step.phase === "gradient";
  add(here, "now", ...(backward ? ["back"] : []));
  const others = backward ? step.terms.map((t) => drawnAs(t.through, t.node)) : step.inputs || [];
  for (const other of others) {
    if (elements.has(other) && other !== name) add(elements.get(other), "feeds");
    for (const edge of edges) {
      const ends = backward ? [name, other] : [other, name];
      const whole = edge.dataset.from === ends[0] && edge.dataset.to === ends[1];
      const stub = edge.dataset.from === ends[0] && !edge.dataset.to && ends[0] !== ends[1];
      if (whole || stub) add(edge, "lit", ...(backward ? ["back"] : []));
    }
  }
  reveal(by("graph"), here, 60, 110, 50);
}
// How large the graph is drawn: as wide as its frame, smaller where it is then seen whole and can be read, larger than
// that where it could not; it is then scrolled, and a button shows all of it.
const LARGEST = 1.25, EASY = 0.7, READABLE = 0.6, AT_HAND = 0.9;
let wholeGraph = false;
function fitGraph() {
  const frame = by("graph"), {width, height} = graph.viewBox.baseVal, style = getComputedStyle(frame);
  frame.parentNode.classList.toggle("whole", wholeGraph);
  const across = frame.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const down = parseFloat(style.maxHeight) - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom) - 3;
  let scale = Math.min(LARGEST, across / width);
  if (!wholeGraph) {
    scale = Math.max(scale, innerWidth <= 960 && !by("given") ? AT_HAND : EASY);
    const fits = down / height;
    if (fits < scale && fits >= READABLE) scale = fits;
    else if (fits < scale && by("given")) scale = Math.min(scale, EASY);  // above blanks, as much of it as can be read
  }
  graph.style.minWidth = "0";
  graph.style.width = scale * width + "px";
  by("whole").hidden = !wholeGraph && frame.scrollWidth <= frame.clientWidth && frame.scrollHeight <= frame.clientHeight;
  by("whole").setAttribute("aria-pressed", String(wholeGraph));
}
by("whole").addEventListener("click", () => {
  wholeGraph = !wholeGraph;
  fitGraph();
});
addEventListener("resize", fitGraph);
fitGraph();
// Scrolls a frame, not the page, so that something in it is seen; sideways not where `left` is null.
function reveal(frame, element, left, right, around) {
  const wide = left !== null && frame.scrollWidth > frame.clientWidth, tall = frame.scrollHeight > frame.clientHeight;
  if (!wide && !tall) return;
  const box = element.getBoundingClientRect(), inside = frame.getBoundingClientRect();
  if (wide && (box.left < inside.left + left || box.right > inside.right - right)) {
    frame.scrollLeft += (box.left + box.right) / 2 - (inside.left + inside.right) / 2;
  }
  if (tall && (box.top < inside.top + around || box.bottom > inside.bottom - around)) {
    frame.scrollTop += (box.top + box.bottom) / 2 - (inside.top + inside.bottom) / 2;
  }
}
graph.setAttribute("role", "group");

// A node's story, on hover, on focus, or by a click that keeps it; `usual` is the node told of when none is asked for.
let kept = null, usual = null;
let hint = '<p class="small">Point at a node, or move to it with Tab, and read its story here. A click keeps it.</p>';
function tell(name, tellNode) {
  const told = name || usual;
  by("story").setAttribute("aria-live", name ? "polite" : "off");
  put(by("story"), told && nodes.has(told) ? tellNode(nodes.get(told)) : hint);
}
function keep(name) {
  kept = name;
  for (const [other, g] of elements) g.setAttribute("aria-pressed", String(other === name));
}
function stories(tellNode) {
  const attach = (element, name) => {
    element.addEventListener("mouseenter", () => tell(name, tellNode));
    element.addEventListener("mouseleave", () => tell(kept, tellNode));
    element.addEventListener("focus", () => tell(name, tellNode));
    element.addEventListener("blur", () => tell(kept, tellNode));
    element.addEventListener("click", () => {
      keep(kept === name ? null : name);
      tell(name, tellNode);
    });
  };
  for (const [name, g] of elements) {
    g.setAttribute("tabindex", "0");
    g.setAttribute("role", "button");
    g.setAttribute("aria-pressed", "false");
    attach(g, name);
    g.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        g.dispatchEvent(new MouseEvent("click"));
      }
    });
  }
  const boxes = [...elements.values()].map((g) => [g, g.getBBox()]);  // all are measured before anything is changed
  for (const [g, box] of boxes) {
    const room = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const key of ["x", "y", "width", "height"]) room.setAttribute(key, box[key]);
    room.setAttribute("class", "room");
    g.prepend(room);
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !kept) return;
    keep(null);
    tell(null, tellNode);
  });
  tell(null, tellNode);
  return attach;
}
// What is always true of a node: its formula and who uses it.
function facts(node) {
  const uses = (other) => (other.inputs || []).includes(node.name);
  const users = node.kind === "step" ? steps.filter((s) => s.phase === "value" && uses(s)).map((s) => s.head)
    : lesson.nodes.filter((other) => other.kind === "node" && uses(other)).map((other) => other.html);
  const what = node.formula ? `${node.html} = ${node.formula}` : `${node.html}: ${node.kind}`;
  const used = users.length ? `It is used by ${users.join(", ")}.` : "Nothing uses it: it is an output.";
  return {what, used};
}

const root = document.documentElement, prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
const tellTheme = () => by("theme").setAttribute("aria-pressed", String(isDark()));
by("theme").addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  tellTheme();
});
prefersDark.addEventListener("change", tellTheme);
tellTheme();
// Where J.3 comes from: the formula of which it is a step.
function insideOf(name) {
  const found = (lesson.inside || []).find((part) => part.name === name);
  return found ? `${nodes.get(name).html} = ${nodes.get(name).formula}` : "";
}
function title() {
  const node = nodes.get(lesson.of);
  by("loss").innerHTML = node.value && node.value.length === 1
    ? `<span class="math">${lesson.loss} = <b class="v">${show(r[node.value[0]])}</b></span>` : "";
}
