// What the agenda is made of: what the service answers, each thing on the clocks of its own location, and where it was
// put, what the service says to that. `window.spreekuur` is what app.js lends: a module that imported it would bring a
// second copy of it, and each form of the page would be sent twice.
const DAY = 24 * 60 * 60 * 1000;
const OUTDATED = 412;
const WRITTEN = { nl: "nl-NL", en: "en-GB" };

export const place = document.getElementById("agenda");
export const texts = JSON.parse(place.dataset.texts);
export const movable = JSON.parse(place.dataset.movable);
const { first, days, language, location, practitioner } = place.dataset;

export function element(name, className, text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

async function read() {
  const asked = new URLSearchParams({ first_day: first, days, language });
  if (location) asked.set("location_id", location);
  if (practitioner) asked.set("practitioner_id", practitioner);
  const answer = await fetch(`/api/v1/agenda?${asked}`, { headers: { Accept: "application/json" } });
  if (answer.status === 401) window.location.reload();
  if (!answer.ok) throw new Error(`the agenda answers ${answer.status}`);
  return answer.json();
}

// Read it, and draw it; `data-drawn` tells in how many milliseconds it was drawn.
let drawing = null;

export async function show(draw = drawing) {
  drawing = draw;
  try {
    const agenda = await read();
    place.replaceChildren();
    const nowhere = agenda.locations.filter((one) => one.closed === null).map((one) => one.name);
    if (nowhere.length) place.append(element("p", "note", texts.unknownHolidays.replace("{names}", nowhere.join(", "))));
    if (!agenda.practitioners.length) {
      place.append(element("p", "note", texts.nothing));
      return;
    }
    const began = performance.now();
    await draw(agenda);
    // once the browser has put it on the screen
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    place.dataset.drawn = String(Math.round(performance.now() - began));
  } catch (error) {
    console.error(error);
    place.replaceChildren(element("p", "problem", document.body.dataset.unreachable));
  }
}

// --- Clocks and days -----------------------------------------------------------------------------------

const clocks = new Map();

function there(instant, zone) {
  if (!clocks.has(zone)) {
    const how = { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    clocks.set(zone, new Intl.DateTimeFormat("sv-SE", how));
  }
  return clocks.get(zone).format(new Date(instant)).replace(" ", "T");
}

// The days that are shown, as texts; counted in UTC, where each has 24 hours.
export function daysOf(agenda) {
  const begin = Date.parse(`${agenda.first_day}T00:00Z`);
  return Array.from({ length: agenda.days }, (_, n) => new Date(begin + n * DAY).toISOString().slice(0, 10));
}

export const today = (agenda) => there(Date.now(), agenda.time_zone).slice(0, 10);
export const dayInWords = (day, how) => new Date(`${day}T12:00Z`).toLocaleDateString(WRITTEN[language], { timeZone: "UTC", ...how });

// How far the clocks there are from UTC now: "+02:00".
export function offsetOf(zone) {
  const parts = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(new Date());
  return parts.find((one) => one.type === "timeZoneName").value.replace("GMT", "") || "+00:00";
}

// --- What is in it -------------------------------------------------------------------------------------

// Each by its clocks: `start` and `end` as texts without a zone, `where` with its zone where that is another than most.
function onClocks(agenda) {
  const places = new Map(agenda.locations.map((one) => [one.id, one]));
  return (one) => {
    const found = places.get(one.location_id);
    const zone = found?.time_zone ?? agenda.time_zone;
    const [start, end] = [there(one.starts_at, zone), there(one.ends_at, zone)];
    const where = found && zone !== agenda.time_zone ? `${found.name} (${zone})` : found?.name ?? "";
    return { who: one.practitioner_id, start, end, day: start.slice(0, 10), where, closed: found?.closed };
  };
}

const hours = ({ start, end }) => `${start.slice(11)}–${end.slice(11)}`;

// What is open: `kind` says by which class it is shown, `text` what is said of it.
export function openings(agenda) {
  const told = onClocks(agenda);
  return agenda.availabilities.map((one) => {
    const { closed, ...when } = told(one);
    const holiday = closed?.[when.day];
    const text = [`${hours(when)} ${when.where}`, one.at_location ? "" : texts.remote, holiday].filter(Boolean).join(" · ");
    return { id: one.id, ...when, kind: holiday ? "closed" : "open-time", text, path: `/availabilities/${one.id}` };
  });
}

// An absence may last for weeks: a piece for each day of it that is shown.
export function absences(agenda) {
  const told = onClocks(agenda);
  const shown = daysOf(agenda);
  return agenda.absences.flatMap((one) => {
    const { who, start: begin, end } = told(one);
    return shown.filter((day) => begin < `${day}T24:00` && end > `${day}T00:00`).map((day) => {
      const when = { start: begin > `${day}T00:00` ? begin : `${day}T00:00`, end: end < `${day}T24:00` ? end : `${day}T24:00` };
      const whole = when.start.endsWith("T00:00") && when.end.endsWith("T24:00");
      return { id: `${one.id}-${day}`, who, day, ...when, kind: "away", whole, text: whole ? texts.away : `${texts.away} ${hours(when)}` };
    });
  });
}

export function standing(agenda) {
  const told = onClocks(agenda);
  const types = new Map(agenda.types.map((one) => [one.id, one.name]));
  return agenda.appointments.map((one) => {
    const word = one.is_no_show ? texts.noShow : texts.states[one.state];
    const { closed: _, ...when } = told(one);
    return {
      id: one.id,
      version: one.version,
      ...when,
      kind: one.is_no_show ? "no-show" : `state-${one.state}`,
      mark: word.mark,
      word: word.text,
      name: [one.last_name, one.first_name].filter(Boolean).join(", "),
      what: types.get(one.consultation_type_id) ?? "",
      path: `/appointments/${one.id}`,
    };
  });
}

export const hint = (one) => [`${hours(one)} ${one.name}`.trim(), one.what, one.where, one.word].filter(Boolean).join("\n");

// --- What is said of a day -----------------------------------------------------------------------------

// By day its holidays; one that is not kept everywhere says where it is.
function holidaysOf(agenda) {
  const found = new Map();
  for (const one of agenda.locations) {
    for (const [day, name] of Object.entries(one.closed ?? {})) {
      const names = found.get(day) ?? new Map();
      names.set(name, [...(names.get(name) ?? []), one.name]);
      found.set(day, names);
    }
  }
  const all = agenda.locations.length;
  const told = (name, places) => (places.length === all ? name : `${name}: ${places.slice(0, 3).join(", ")}${places.length > 3 ? " …" : ""}`);
  return new Map([...found].map(([day, names]) => {
    const everywhere = [...names.values()].some((places) => places.length === all);
    return [day, { text: [...names].map(([name, places]) => told(name, places)).join("; "), everywhere }];
  }));
}

// Of the location that is asked for: how many are there at once, and how many it takes.
function fullnessOf(agenda) {
  const found = new Map();
  for (const one of agenda.locations) {
    for (const [day, { availabilities: open, appointments: booked }] of Object.entries(one.at_once)) {
      const limit = one.capacity === null ? texts.noLimit : texts.limit.replace("{limit}", one.capacity);
      const text = texts.atOnce.replace("{open}", open).replace("{booked}", booked).replace("{limit}", limit);
      found.set(day, { text, full: one.capacity !== null && open >= one.capacity });
    }
  }
  return found;
}

// The heading of a day, and whether all are closed on it.
export function headings(agenda) {
  const [holidays, fullness] = [holidaysOf(agenda), fullnessOf(agenda)];
  return (day) => {
    const nodes = [element("span", "date", dayInWords(day, { weekday: "short", day: "numeric", month: "short" }))];
    const [holiday, filled] = [holidays.get(day), fullness.get(day)];
    if (holiday) nodes.push(element("span", "holiday", holiday.text));
    if (filled) nodes.push(element("span", filled.full ? "filled full" : "filled", filled.text));
    return { nodes, closed: Boolean(holiday?.everywhere) };
  };
}

// --- Rescheduling --------------------------------------------------------------------------------------

// Asks for it: what the service has made of it, or nothing where it was refused, which is told by then.
export async function reschedule(one, practitioner_id, start) {
  const { headersFor, say, show: tell } = window.spreekuur;
  const [day, clock] = [start.slice(0, 10), start.slice(11)];
  const minute = 60 * Number(clock.slice(0, 2)) + Number(clock.slice(3, 5));
  const sender = element("div");
  sender.dataset.version = one.version;
  let answer;
  try {
    answer = await fetch(`/agenda/appointments/${one.id}/drop`, {
      method: "POST",
      headers: { ...headersFor(sender), "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ practitioner_id, day, minute }),
    });
  } catch {
    say(document.body.dataset.unreachable);
    return null;
  }
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) {
    window.location.assign(elsewhere);
    return null;
  }
  if (!answer.ok) {
    tell(await answer.text());
    if (answer.status === OUTDATED) await show();
    return null;
  }
  const when = `${dayInWords(day, { weekday: "long", day: "numeric", month: "long" })} ${clock}`;
  say(texts.moved.replace("{what}", one.name || one.what).replace("{when}", when));
  return answer.json();
}
