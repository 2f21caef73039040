// The week, drawn: a table of our own, for what a calendar of the shelf takes for its hours is not needed here, and a
// thousand appointments are drawn in the time that it takes for a hundred. Each is a link, and can be dragged.
import { absences, daysOf, element, headings, hint, movable, openings, place, reschedule, show, standing, today } from "./agenda_data.js";

const WEEKEND = new Set([0, 6]);
const NARROW = 190; // pixels of a day in which there is no room for more than a name
const found = new Map();

// Saturday and Sunday are shown where there is something on them.
function shown(agenda, things) {
  const used = new Set(things.map((one) => one.day));
  return daysOf(agenda).filter((day) => used.has(day) || !WEEKEND.has(new Date(`${day}T12:00Z`).getUTCDay()));
}

function draw(agenda) {
  const behind = [...absences(agenda), ...openings(agenda)];
  const things = [...behind, ...standing(agenda)];
  const days = shown(agenda, things);
  const cells = new Map();
  for (const one of things) {
    const key = `${one.who} ${one.day}`;
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(one);
  }
  const table = element("table", "rota");
  table.append(element("caption", "unseen", place.dataset.caption), head(agenda, days), body(agenda, days, cells));
  place.classList.toggle("narrow", place.clientWidth / (days.length + 1) < NARROW);
  place.append(table);
}

function head(agenda, days) {
  const row = element("tr");
  const corner = element("th", "", place.dataset.corner);
  corner.scope = "col";
  row.append(corner);
  const heading = headings(agenda);
  for (const day of days) {
    const { nodes, closed } = heading(day);
    const made = element("th", [closed && "closed", day === today(agenda) && "today"].filter(Boolean).join(" "));
    made.scope = "col";
    made.append(...nodes);
    row.append(made);
  }
  const made = element("thead");
  made.append(row);
  return made;
}

function body(agenda, days, cells) {
  const made = element("tbody");
  const now = today(agenda);
  for (const somebody of agenda.practitioners) {
    const row = element("tr");
    const name = element("th", "", somebody.name);
    name.scope = "row";
    row.append(name);
    for (const day of days) {
      const there = cells.get(`${somebody.id} ${day}`) ?? [];
      const cell = element("td", [kindOf(there), day === now && "today"].filter(Boolean).join(" "));
      cell.dataset.who = somebody.id;
      cell.dataset.day = day;
      // stable: what lies behind comes before what stands in it
      cell.append(...there.sort((a, b) => (a.start < b.start ? -1 : Number(a.start > b.start))).map(told));
      row.append(cell);
    }
    made.append(row);
  }
  return made;
}

function kindOf(there) {
  if (there.some((one) => one.whole)) return "away";
  return there.find((one) => one.kind === "open-time" || one.kind === "closed")?.kind;
}

const told = (one) => (one.version ? appointment(one) : line(one));

function line(one) {
  const made = element(one.path ? "a" : "p", `line ${one.kind}`, one.text);
  if (one.path) made.href = one.path;
  made.draggable = false;
  made.title = one.text;
  made.dataset.start = one.start;
  return made;
}

function appointment(one) {
  const made = element("a", `standing ${one.kind}`, `${one.mark}\u00a0`);
  made.append(element("b", "", one.start.slice(11)), `\u00a0${one.name || one.what}`);
  if (one.name) made.append(element("span", "rest", ` ${one.what}`));
  made.append(element("span", "unseen", ` ${one.word}`));
  made.href = one.path;
  made.title = hint(one);
  made.draggable = movable;
  made.id = one.id;
  made.dataset.start = one.start;
  found.set(one.id, one);
  return made;
}

// --- Dragging ------------------------------------------------------------------------------------------

let dragged = null;

function over(event) {
  const cell = dragged && event.target.closest("td[data-day]");
  return cell && cell !== dragged.parentElement ? cell : null;
}

function mark(cell) {
  place.querySelector("td.over")?.classList.remove("over");
  cell?.classList.add("over");
}

function put(link, cell) {
  const after = [...cell.children].find((one) => one.dataset.start.slice(11) > link.dataset.start.slice(11));
  cell.insertBefore(link, after ?? null);
}

async function drop(link, cell) {
  const one = found.get(link.id);
  const [from, next] = [link.parentElement, link.nextSibling];
  put(link, cell);
  const moved = await reschedule(one, cell.dataset.who, `${cell.dataset.day}T${one.start.slice(11)}`);
  if (!moved) {
    if (link.isConnected) from.insertBefore(link, next);
    return;
  }
  const [start, end] = [one.start, one.end].map((at) => `${cell.dataset.day}${at.slice(10)}`);
  const now = { ...one, ...moved, who: cell.dataset.who, day: cell.dataset.day, start, end };
  link.replaceWith(appointment(now));
}

place.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.(".standing");
  if (!dragged || !movable) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.title);
});
place.addEventListener("dragover", (event) => {
  const cell = over(event);
  mark(cell);
  if (cell) event.preventDefault();
});
place.addEventListener("drop", (event) => {
  const cell = over(event);
  if (!cell) return;
  event.preventDefault();
  drop(dragged, cell);
});
place.addEventListener("dragend", () => {
  mark(null);
  dragged = null;
});

show(draw);
