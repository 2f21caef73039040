// Requests: the window in words, and the dialog in which one is planned.

// --- The window --------------------------------------------------------------------------------------------

const DAY = 86_400_000;
const LONG = { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
const read = (text) => (text ? Date.parse(`${text}T00:00Z`) : NaN);
const written = (day) => new Date(day).toISOString().slice(0, 10);

// The day that ends it comes after the day that begins it, and the picker offers no other. While somebody types it, it
// is left alone: a year of which two digits are there is a year of long ago.
function follow(end, changed) {
  const begin = document.getElementById(end.dataset.after);
  if (Number.isNaN(read(begin?.value))) return;
  const least = written(read(begin.value) + DAY);
  if (end.min !== least) end.min = least;
  if (changed === begin && read(end.value) <= read(begin.value)) end.value = least;
}

function tell(place) {
  const end = document.getElementById(place.dataset.lastDay);
  const last = read(end.value) - DAY;
  if (Number.isNaN(last)) return place.replaceChildren();
  const begin = read(document.getElementById(end.dataset.after)?.value);
  // the parts in the order in which the rest of the page has them
  const parts = new Intl.DateTimeFormat(document.documentElement.lang, LONG).formatToParts(last);
  const part = (type) => parts.find((one) => one.type === type).value;
  const day = ["weekday", "day", "month", "year"].map(part).join(" ");
  place.textContent = (last === begin ? place.dataset.one : place.dataset.several).replace("{day}", day);
}

function windows(changed) {
  for (const end of document.querySelectorAll("[data-after]")) follow(end, changed);
  for (const place of document.querySelectorAll("[data-last-day]")) tell(place);
}

document.addEventListener("change", ({ target }) => {
  if (target.matches?.("input[type=date]")) windows(target);
});
document.addEventListener("DOMContentLoaded", () => windows());

// --- The dialog --------------------------------------------------------------------------------------------

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  // read again, the page does not open it by itself
  if (ctx.target?.querySelector?.("#plan")) history.replaceState(null, "", location.pathname);
});

// What was kept is given back as soon as nobody chooses any more. While it is closing what it shows is still there.
document.addEventListener(
  "close",
  ({ target }) => {
    const plan = target.querySelector?.("#plan");
    if (!plan) return;
    if (plan.dataset.release) release(plan);
    if ("changed" in plan.dataset) location.reload();
  },
  true,
);

function release(plan) {
  const headers = {
    ...window.spreekuur.headersFor(plan),
    "HX-Request": "true",
    "Content-Type": "application/x-www-form-urlencoded",
  };
  fetch(plan.dataset.release, { method: "POST", headers, keepalive: true });
}
