// A slider through time: one time's rows in the table and in the graph, and its first step; stepping moves it on.
const times = [...new Set(lesson.nodes.filter((n) => n.time !== undefined).map((n) => n.time))].sort((a, b) => a - b);
let when = 0;
function timeOf(name) {
  const node = nodes.get(name);
  return node ? node.time : undefined;
}
// Show time number `k` of `times`, counted from 1; 0 shows them all.
function showTime(k) {
  when = k;
  by("when").value = k;
  const text = k ? `t = ${times[k - 1]}` : "all times";
  by("now").textContent = text;
  by("when").setAttribute("aria-valuetext", text);
  by("earlier").disabled = k < 1;
  by("later").disabled = k >= times.length;
  const elsewhere = (name) => k > 0 && timeOf(name) !== undefined && timeOf(name) !== times[k - 1];
  for (const [name, {row}] of cells) row.classList.toggle("elsewhere", elsewhere(name));
  for (const [name, box] of elements) box.classList.toggle("elsewhere", elsewhere(name));
}
// The first step of a time, of the pass that is told.
function stepOfTime(time, phase) {
  return steps.findIndex((step) => step.phase === phase && timeOf(step.node) === time) + 1;
}
function toTime(k, position) {
  showTime(Math.max(0, Math.min(times.length, k)));
  if (!when || !position) return;
  const to = stepOfTime(times[when - 1], steps[position - 1].phase);
  if (to) go(to);
}
// What is told belongs to a time: the slider goes with it, unless all times are shown.
function followTime(step) {
  const time = step ? timeOf(step.node) : undefined;
  if (when && time !== undefined && times[when - 1] !== time) showTime(times.indexOf(time) + 1);
}
by("times").hidden = times.length < 2;
by("when").max = times.length;
by("when").addEventListener("input", () => toTime(Number(by("when").value), position));
by("earlier").addEventListener("click", () => toTime(when - 1, position));
by("later").addEventListener("click", () => toTime(when + 1, position));
