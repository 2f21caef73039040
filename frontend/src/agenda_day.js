// The day, drawn: practitioners as rows, hours from left to right, what is open behind what stands. Dragging asks the
// service, which applies its rules; what it refuses springs back.
import { createCalendar, destroyCalendar, Interaction, ResourceTimeline } from "@event-calendar/core";
import { absences, element, headings, hint, movable, offsetOf, openings, place, reschedule, show, standing } from "./agenda_data.js";

const HALF_AN_HOUR = 66; // pixels at least
const found = new Map();
let calendar = null;
let fitting = null;

const dayOf = (date) => [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
const clock = (date) => `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;

function eventsOf(agenda) {
  const behind = [...absences(agenda), ...openings(agenda)].flatMap(({ id, who, start, end, kind, text, path }) => [
    { id: `behind-${id}`, resourceIds: [who], start, end, display: "background", classNames: [kind] },
    // a line that says what lies behind; it stands above the others, because it was put in first
    { id: `line-${id}`, resourceIds: [who], start, end, startEditable: false, classNames: ["line", kind], extendedProps: { text, path } },
  ]);
  return [...behind, ...standing(agenda).map(asEvent)];
}

function asEvent(one) {
  found.set(one.id, one);
  return { id: one.id, resourceIds: [one.who], start: one.start, end: one.end, classNames: [one.kind] };
}

function content({ event }) {
  const one = found.get(event.id);
  if (!one) return { domNodes: event.extendedProps.text ? [element("span", "line-text", event.extendedProps.text)] : [] };
  const head = element("span", "head", `${one.mark}\u00a0${one.name || one.what}`);
  return { domNodes: one.name ? [head, element("span", "rest", one.what)] : [head] };
}

function describe({ el, event }) {
  const one = found.get(event.id);
  if (one) {
    el.title = hint(one);
    el.ariaLabel = hint(one).replaceAll("\n", ", ");
    return;
  }
  el.title = event.extendedProps.text ?? "";
  if (event.extendedProps.path) return;
  el.removeAttribute("role");
  el.removeAttribute("tabindex");
}

// The hours in which anything is: whoever looks at a day wants to see all of it at once.
function hoursOf(agenda) {
  const hours = [...openings(agenda), ...standing(agenda)].map(({ day, start, end }) => {
    const ends = end > `${day}T24` ? 24 : Math.ceil(Number(end.slice(11, 13)) + Number(end.slice(14, 16)) / 60);
    return [Number(start.slice(11, 13)), ends];
  });
  const earliest = Math.min(9, ...hours.map(([begin]) => begin));
  const latest = Math.max(earliest + 8, ...hours.map(([, end]) => end));
  return [earliest, Math.min(24, latest)];
}

// All the width there is beside the names.
function fit([earliest, latest]) {
  const beside = place.querySelector(".ec-sidebar").offsetWidth + 2;
  calendar.setOption("slotWidth", Math.max(HALF_AN_HOUR, Math.floor((place.clientWidth - beside) / (2 * (latest - earliest)))));
}

async function draw(agenda) {
  if (calendar) await destroyCalendar(calendar);
  const hours = hoursOf(agenda);
  const heading = headings(agenda);
  const drawn = new Promise((done) => {
    calendar = createCalendar(place, [ResourceTimeline, Interaction], {
      view: "resourceTimelineDay",
      date: agenda.first_day,
      timeZone: offsetOf(agenda.time_zone),
      headerToolbar: { start: "", center: "", end: "" },
      resources: agenda.practitioners.map((one) => ({ id: one.id, title: one.name })),
      events: eventsOf(agenda),
      slotDuration: "00:30",
      slotWidth: HALF_AN_HOUR,
      snapDuration: { minutes: Number(place.dataset.grid) },
      slotLabelFormat: clock,
      slotMinTime: `${hours[0]}:00`,
      slotMaxTime: `${hours[1]}:00`,
      scrollTime: `${hours[0]}:00`,
      dayHeaderFormat: (date) => ({ domNodes: heading(dayOf(date)).nodes }),
      eventTimeFormat: () => "", // nobody shows it, and it would be made for each
      eventContent: content,
      eventDidMount: describe,
      eventDurationEditable: false,
      eventStartEditable: movable,
      eventDrop: dropped,
      eventClick: opened,
      nowIndicator: true,
      eventAllUpdated: done,
    });
  });
  await drawn;
  fit(hours); // the names have their width by now
  fitting?.abort();
  fitting = new AbortController();
  addEventListener("resize", () => fit(hours), { signal: fitting.signal });
}

function opened({ event, jsEvent }) {
  const path = found.get(event.id)?.path ?? event.extendedProps.path;
  if (!path) return;
  if (jsEvent.ctrlKey || jsEvent.metaKey) window.open(path, "_blank", "noopener");
  else window.location.assign(path);
}

async function dropped({ event, newResource, revert }) {
  const one = found.get(event.id);
  const who = newResource?.id ?? one.who;
  const [start, end] = [event.start, event.end].map((at) => `${dayOf(at)}T${clock(at)}`);
  const moved = await reschedule(one, who, start);
  if (!moved) {
    if (calendar.getEventById(one.id)) revert();
    return;
  }
  calendar.updateEvent(asEvent({ ...one, ...moved, who, start, end }));
}

addEventListener("pagehide", () => calendar && destroyCalendar(calendar));
show(draw);
